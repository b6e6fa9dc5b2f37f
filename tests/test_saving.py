"""A notebook saved in JupyterLab keeps pictures and words, and no view that needs a kernel."""

import json
import pkgutil

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


def test_the_courses_server_settings_name_the_hook_that_drops_views(tmp_path):
    course.write_lab_settings(tmp_path)
    settings = json.loads((tmp_path / "etc/jupyter/jupyter_server_config.json").read_text())
    hook = pkgutil.resolve_name(settings["FileContentsManager"]["pre_save_hook"])
    content = notebook({WIDGET_VIEW: VIEW, "image/png": "abc"})
    hook({"type": "notebook", "content": content}, path="saved.ipynb", contents_manager=None)
    assert content["cells"][0]["outputs"][0]["data"] == {"image/png": "abc"}
