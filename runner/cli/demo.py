"""`runflow demo`: serve the demo API."""

from __future__ import annotations

import click

from ..model.wording import os_error_text


@click.command("demo", short_help="Serve the demo API.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8080,
    show_default=True,
    help="Port to listen on; 0: any free port.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
def command(port: int, host: str) -> int:
    """Serve the demo API until Ctrl-C."""
    from ..demo.api import environment
    from ..demo.server import DemoServer

    try:
        server = DemoServer(port, host)
    except OSError as error:
        raise click.ClickException(
            f"cannot listen on {host}:{port}: {os_error_text(error)}; try another --port"
        ) from None
    try:
        for name, value in environment(server.url).items():
            click.echo(f"export {name}={value}")
        click.echo(f"# serving on {server.url}; press Ctrl-C to stop")
        server.serve_forever()
    except KeyboardInterrupt:
        click.echo()
    return 0
