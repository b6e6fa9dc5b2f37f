"""What a saved notebook keeps of an explorer: its picture and its words, not its live view.

A live view needs a kernel. In a notebook that is opened without one JupyterLab shows "Loading
widget…" for it, and hides the PNG that lies beside it in the same output.
"""

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


def drop_views(notebook):
    """Remove the widgets' views and states from a notebook, a dict as in the file, in place.

    A view that has nothing beside it stays: it is all that the output has.
    """
    notebook.get("metadata", {}).pop("widgets", None)
    outputs = [out for cell in notebook["cells"] for out in cell.get("outputs", [])]
    for data in (output.get("data", {}) for output in outputs):
        if len(data) > 1:
            data.pop(WIDGET_VIEW, None)


def before_saving(model, **_):
    """Jupyter calls this with what it is about to save (its `pre_save_hook`)."""
    if model["type"] == "notebook":
        drop_views(model["content"])
