"""A notebook saved in JupyterLab keeps pictures and words, and no view that needs a kernel."""

import json

import course
from course_lib.saving import WIDGET_VIEW, drop_views

VIEW = {"model_id": "1", "version_major": 2, "version_minor": 0}


def notebook(*outputs):
    cell = {"cell_type": "code", "execution_count": 1, "id": "a", "metadata": {}, "source": ""}
    shown = [{"output_type": "display_data", "metadata": {}, "data": dict(o)} for o in outputs]
    text = {"cell_type": "markdown", "id": "b", "metadata": {}, "source": "words"}
    metadata = {"widgets": {"state": {}}, "kernelspec": {"name": "python3", "display_name": "P"}}
    cells = [cell | {"outputs": shown}, text]
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def test_a_view_goes_and_the_picture_beside_it_stays():
    saved = notebook({WIDGET_VIEW: VIEW, "image/png": "abc", "text/plain": "words"})
    drop_views(saved)
    assert saved["cells"][0]["outputs"][0]["data"] == {"image/png": "abc", "text/plain": "words"}
    assert "widgets" not in saved["metadata"]


def test_a_view_that_has_nothing_beside_it_stays():
    saved = notebook({WIDGET_VIEW: VIEW})
    drop_views(saved)
    assert saved["cells"][0]["outputs"][0]["data"] == {WIDGET_VIEW: VIEW}


def test_the_courses_server_settings_make_jupyter_save_without_views(tmp_path):
    from jupyter_server.services.contents.largefilemanager import LargeFileManager
    from traitlets.config import Config

    course.write_lab_settings(tmp_path)
    settings = json.loads((tmp_path / "etc/jupyter/jupyter_server_config.json").read_text())
    manager = LargeFileManager(root_dir=str(tmp_path), config=Config(settings))
    content = notebook({WIDGET_VIEW: VIEW, "image/png": "abc"})
    manager.save({"type": "notebook", "format": "json", "content": content}, "/saved.ipynb")
    assert WIDGET_VIEW not in (tmp_path / "saved.ipynb").read_text()
    assert "abc" in (tmp_path / "saved.ipynb").read_text()
