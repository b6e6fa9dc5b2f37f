"""What pytest needs to know before it reads anything."""

from nbval.kernel import RunningKernel


def execute_as_jupyter_does(self, cell_input, allow_stdin=None):
    """Run a cell for nbval, whose own way (store_history=False) shows what a `;` should hide."""
    return self.kc.execute(cell_input, allow_stdin=allow_stdin, stop_on_error=False)


RunningKernel.execute_cell_input = execute_as_jupyter_does
