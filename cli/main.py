"""`relais`: the command line. Each command reads the settings and hands over; a failure is one sentence."""

import asyncio
import errno
import importlib
import inspect
import os
import sys
import traceback
from collections.abc import Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.servers import with_running
from infra import logs
from infra.settings import Failed, Settings

app = typer.Typer(
    help="Relais : démarches, dossiers et relais entre agents.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
journal = typer.Typer(help="Tenir le journal.", no_args_is_help=True)
app.add_typer(journal, name="journal")
figures = typer.Typer(help="Tenir les chiffres des tableaux de bord.", no_args_is_help=True)
app.add_typer(figures, name="figures")
procedure = typer.Typer(help="Écrire des démarches.", no_args_is_help=True)
app.add_typer(procedure, name="procedure")

ROOT = Path(__file__).resolve().parent.parent
_FULL, _DISK_FULL = (errno.ENOSPC, errno.EDQUOT), "53100"  # the system's, and PostgreSQL's
_CLOSED = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR)


def _enter(name: str, module: str, settings: Settings) -> None:
    """`module.serve(settings)`, plain or async, until it is asked to stop. Its log lines carry `name`."""
    logs.configure(settings.log_level, process=name)
    result: Any = importlib.import_module(module).serve(settings)
    if inspect.iscoroutine(result):
        _await(result)


def _await(work: Coroutine[Any, Any, None]) -> None:
    """On uvloop, as the processes that serve."""
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(work)


@app.command()
def run(
    demo: Annotated[bool | None, typer.Option(help="La collectivité de démonstration (sinon : DEMO).")] = None,
    scale: Annotated[int, typer.Option(min=1, help="Taille de la démonstration, au premier lancement.")] = 1,
    procfile: Annotated[Path | None, typer.Option(help="Un autre Procfile que celui de Relais.")] = None,
) -> None:
    """Tout lancer sur cette machine : serveurs embarqués, processus du Procfile, boîte de réception."""
    from cli import run as supervisor

    settings = Settings.read()
    settings = settings if demo is None else replace(settings, demo=demo)
    supervisor.run(settings, scale=scale, procfile_path=procfile)


@app.command()
def web() -> None:
    """Les pages, l'API et les connexions en direct (WEB_PROCESSES processus)."""
    settings = with_running(Settings.read())
    if settings.web_processes > 1:
        from cli import several

        logs.configure(settings.log_level, process="web")
        several.serve(settings)
    else:
        _enter("web", "web.app", settings)


@app.command()
def worker() -> None:
    """Les tâches : courriels, documents."""
    _enter("worker", "workers.settings", with_running(Settings.read()))


@app.command()
def relay() -> None:
    """Du journal et de l'échéancier vers les tâches et les chiffres."""
    _enter("relay", "workers.relay", with_running(Settings.read()))


@app.command()
def dashboards() -> None:
    """Les tableaux de bord, sans accès à la base."""
    _enter("dashboards", "dashboards.serve", Settings.read())


@app.command()
def mailbox() -> None:
    """La boîte de réception de développement : un serveur SMTP qui remplit un Maildir."""
    _enter("mailbox", "cli.mailbox", Settings.read())


@app.command()
def migrate() -> None:
    """Mettre le schéma de la base à la dernière version."""
    from alembic import command
    from alembic.config import Config

    settings = with_running(Settings.read())
    configuration = Config(ROOT / "alembic.ini")
    configuration.set_main_option("sqlalchemy.url", settings.database_url.replace("%", "%%"))
    command.upgrade(configuration, "head")


@app.command()
def demo(
    scale: Annotated[int, typer.Option(min=1, help="Dix fait dix fois plus de dossiers.")] = 1,
    if_empty: Annotated[bool, typer.Option("--if-empty", help="Ne rien faire si elle est déjà là.")] = False,
) -> None:
    """Charger la collectivité de démonstration dans une base vide."""
    from cli import demo as demo_command

    _await(demo_command.load(with_running(Settings.read()), scale=scale, if_empty=if_empty))


@journal.command("new-epoch")
def new_epoch() -> None:
    """Après une restauration ou une bascule : les positions d'avant ne valent plus rien."""
    from cli import journal as keeping

    _await(keeping.new_epoch(with_running(Settings.read())))


@journal.command()
def verify() -> None:
    """Vérifier la chaîne d'empreintes de tout le journal."""
    from cli import journal as keeping

    _await(keeping.verify(with_running(Settings.read())))


@procedure.command("check")
def procedure_check(
    files: Annotated[list[Path], typer.Argument(help="Les fichiers YAML des démarches.", metavar="FICHIER…")],
) -> None:
    """Dire tout ce qui ne va pas dans des démarches, chaque défaut avec sa place."""
    from cli import procedure as packages

    packages.check(files)


@procedure.command("test")
def procedure_test(
    files: Annotated[list[Path], typer.Argument(help="Les fichiers YAML des démarches.", metavar="FICHIER…")],
) -> None:
    """Jouer les scénarios de démarches, et dire ce qu'aucun d'eux n'atteint."""
    from cli import procedure as packages

    packages.test(files)


@procedure.command("diff")
def procedure_diff(
    before: Annotated[Path, typer.Argument(help="Le fichier YAML d'avant.")],
    after: Annotated[Path, typer.Argument(help="Le fichier YAML d'après.")],
) -> None:
    """Dire ce qui change d'une version d'une démarche à une autre."""
    from cli import procedure as packages

    packages.diff(before, after)


@procedure.command("schema")
def procedure_schema() -> None:
    """Donner le schéma JSON des démarches, pour un éditeur qui vérifie pendant l'écriture."""
    from cli import procedure as packages

    packages.schema()


@procedure.command("export")
def procedure_export(slug: Annotated[str, typer.Argument(help="L'identifiant de la démarche.")]) -> None:
    """Donner le fichier YAML de la version publiée d'une démarche."""
    from cli import procedure as packages

    _await(packages.export(with_running(Settings.read()), slug))


@procedure.command("import")
def procedure_import(file: Annotated[Path, typer.Argument(help="Le fichier YAML de la démarche.")]) -> None:
    """Faire d'un fichier le brouillon d'une démarche, à relire et publier dans l'atelier."""
    from cli import procedure as packages

    _await(packages.import_(with_running(Settings.read()), file))


@figures.command()
def rebuild() -> None:
    """Refaire tous les chiffres depuis le journal (le processus worker arrêté)."""
    from cli import figures as folding

    _await(folding.rebuild(with_running(Settings.read())))


@figures.command()
def check() -> None:
    """Vérifier que chaque fait est compté, une fois."""
    from cli import figures as folding

    _await(folding.check(with_running(Settings.read())))


def main() -> None:
    """The entry point: exit code 1 and one sentence when it fails, whatever failed."""
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except Failed as failure:
        _fail(str(failure))
    except Exception as error:  # the last one who can make a sentence of it
        if os.environ.get("LOG_LEVEL") == "debug":
            raise
        _fail(_sentence(error))


def _fail(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)
    sys.exit(1)


def _sentence(error: Exception) -> str:
    causes = (error, error.__cause__, getattr(error, "orig", None))
    if any(getattr(each, "errno", None) in _FULL or getattr(each, "sqlstate", None) == _DISK_FULL for each in causes):
        return "Le disque est plein : faites de la place, puis relancez."
    if isinstance(error, OSError) and error.errno in _CLOSED and error.filename:
        return (
            f"Impossible d’écrire {error.filename} ({error.strerror}) : "
            "donnez-en le droit, ou choisissez un autre DATA_DIR."
        )
    if isinstance(error, ConnectionError | TimeoutError) or type(error).__module__.startswith(("asyncpg", "redis")):
        return f"La base de données ou Valkey ne répond pas : {str(error).partition(chr(10))[0]}"
    where = traceback.extract_tb(error.__traceback__)[-1]
    file = Path(where.filename).name
    what = str(error).partition("\n")[0]
    return (
        f"Erreur inattendue : {type(error).__name__} ({what}) dans {file}:{where.lineno} ; LOG_LEVEL=debug la détaille."
    )


if __name__ == "__main__":
    main()
