"""The way from the kernel to the browser, without a wait: JupyterLab's server loads this.

A picture leaves the server in several packets. By default TCP holds the last one back until those
before it are acknowledged (Nagle's algorithm, RFC 896), which the other side puts off (delayed
acknowledgement, RFC 1122, on Linux for up to 40 ms). A slider's picture came that much later.
"""

from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection


class QuickChannels(ZMQChannelsWebsocketConnection):
    """Jupyter's connection of a page with its kernel, every packet sent at once."""

    async def connect(self):
        """Connect as Jupyter does."""
        self.websocket_handler.set_nodelay(True)
        return await super().connect()
