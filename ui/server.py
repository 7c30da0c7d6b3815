"""The commands that serve: `citewire chat`, and `citewire keys` for those it lets in."""

from typing import Annotated

import typer

from ui.keys import Keys
from ui.options import Choice, is_loopback, listen, loopback_is_allowed, origin, rate
from ui.terminal import fail, print_line, say

RATE = "300/minute"  # for other people, where no other is given

commands = typer.Typer()
keys = typer.Typer(no_args_is_help=True, help="Look after the keys that other people and programs need.")
commands.add_typer(keys, name="keys")


@commands.command()
def chat(
    context: typer.Context,
    host: Annotated[str, typer.Option(metavar="HOST", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, metavar="PORT", help="Port to listen on; 0 takes a free one.")
    ] = 7860,
    insecure: Annotated[bool, typer.Option("--insecure", help="Let other machines in without a key.")] = False,
    rate_limit: Annotated[
        str | None,
        typer.Option(
            metavar="N/PERIOD",
            help="Requests allowed to each key or address, such as 60/minute; none for any number. A question in the "
            f"chat takes five. Without it {RATE}, and any number on this machine alone.",
        ),
    ] = None,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A name this server goes by, as behind a proxy; may be repeated."),
    ] = None,
    allow_frame: Annotated[
        list[str] | None,
        typer.Option(metavar="ORIGIN", help="A site that may show the chat in a frame: https://news.example."),
    ] = None,
    log_questions: Annotated[bool, typer.Option("--log-questions", help="Write questions into the log too.")] = False,
) -> None:
    """Serve the chat page and the APIs. Prints the address once questions can be answered."""
    choice: Choice = context.obj
    # Another name is a proxy's, which brings other people to an address of this machine alone.
    alone = is_loopback(host) and all(map(is_loopback, allow_host or ()))
    if not alone and not Keys(choice.folder).all():
        _open_to_all(insecure, "--allow-host" if is_loopback(host) else "--host")
    allowed = rate(rate_limit or ("none" if alone else RATE))
    frames = tuple(map(origin, allow_frame or ()))
    listener = listen(host, port)
    say("Loading ...")
    from ui.app import Settings, serve

    port = listener.getsockname()[1]
    address = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    settings = Settings(
        library=choice.folder,
        model=choice.model,
        reader=choice.reader,
        store=choice.store,
        host=host,
        port=port,
        names=tuple(allow_host or ()),
        frames=frames,
        rate=allowed,
        needs_key=not alone and not insecure,
        log_questions=log_questions,
        allow_loopback=loopback_is_allowed(),
    )
    serve(settings, listener, lambda: typer.echo(f"Ready at {address} (API: {address}/docs). Ctrl+C stops."))


def _open_to_all(insecure: bool, option: str) -> None:
    """Warn of a server that others reach and that has no keys; refuse `option` when nobody asked for that."""
    if not insecure:
        raise typer.BadParameter(
            "lets other people in: make a key for them with `citewire keys add NAME`, or allow it with --insecure.",
            param_hint=option,
        )
    say("Warning: whoever reaches this server can read, add and remove articles without a key.")


@keys.command("add")
def add_key(context: typer.Context, name: Annotated[str, typer.Argument(metavar="NAME", help="Whose it is.")]) -> None:
    """Make a key and print it, this once: only its hash is kept. From then on the server asks everyone for one."""
    choice: Choice = context.obj
    print_line(Keys(choice.folder).add(name))


@keys.command("list")
def list_keys(context: typer.Context) -> None:
    """List the keys: when each was made, and whose it is."""
    choice: Choice = context.obj
    for key in Keys(choice.folder).all():
        print_line(f"{key.created}  {key.name}")


@keys.command("remove")
def remove_key(context: typer.Context, name: Annotated[str, typer.Argument(metavar="NAME")]) -> None:
    """Remove a key: at once it opens nothing, on a running server too. The exit code is 1 when there is none."""
    choice: Choice = context.obj
    if not Keys(choice.folder).remove(name):
        fail(f"There is no key named {name!r}; `citewire keys list` shows all.")
    say(f"removed {name}")
