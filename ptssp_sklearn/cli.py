"""The ``ptssp`` command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from ptssp_sklearn._version import __version__
from ptssp_sklearn.cli_measure import measure
from ptssp_sklearn.cli_output import (
    as_measured,
    draw,
    find,
    looked_at,
    print_answer,
    print_asked,
    read_pilots,
    refuse,
)
from ptssp_sklearn.exceptions import hear_remarks

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)
app.command()(measure)


def main() -> None:
    """Run the command line."""
    app()


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"ptssp_sklearn {__version__}")
        raise typer.Exit


@app.callback()
def _about(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Version.")
    ] = False,
) -> None:
    """Answer how many training images must be labelled to reach an mAP."""


Images = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[DATASET | IMG...]",
        help="A labelled data set (a folder, a YOLO yaml, a COCO JSON …), or images of one task.",
    ),
]
ClassName = Annotated[
    str | None, typer.Option("--class", help="Class of a data set; by default all.")
]
Count = Annotated[
    int, typer.Option("--images", min=1, help="Number of images of a data set to look at.")
]
Target = Annotated[float, typer.Option(help="Score to reach, a fraction in (0, 1).")]
Mask = Annotated[
    list[str] | None,
    typer.Option(
        help="Mask of each image, in the same order: instance ids, or a YOLO label file "
        "(labels.txt, or labels.txt:CLASS); repeat the option. Or a folder or a pattern, whose "
        "files are paired with the images by name."
    ),
]
Pilot = Annotated[
    list[str] | None,
    typer.Option(
        metavar="SIZE:SCORE",
        help="A measured point (repeat the option); a .csv with the columns size and score; or the "
        "folder that ptssp measure wrote, FOLDER:LEARNER where it measured several. A "
        "standard error and the learner that measured it may follow: 16:0.31:0.02:yolov5n.",
    ),
]
LearnerName = Annotated[
    str | None,
    typer.Option(
        "--learner",
        help="Whose curve: a name such as yolo11n or rf-detr-s, or what it was trained on (coco). "
        "For models that know several learners.",
    ),
]
Metric = Annotated[
    str | None,
    typer.Option(
        help="What target and pilot are scores of: map50_95 or map50. By default what the model "
        "was trained on."
    ),
]
Model = Annotated[
    str, typer.Option(help="A shipped model, a .safetensors file, or models:/NAME@ALIAS.")
]
Port = Annotated[int, typer.Option(min=1, max=65535, help="Port that is listened on.")]
Host = Annotated[str, typer.Option(help="Address that is listened on.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON only.")]


@app.command()
def predict(
    target: Target,
    images: Images = None,
    mask: Mask = None,
    class_name: ClassName = None,
    count: Count = 8,
    pilot: Pilot = None,
    learner: LearnerName = None,
    metric: Metric = None,
    model: Model = "detectors",
    interval: Annotated[float, typer.Option(help="Coverage of the interval.")] = 0.9,
    as_json: AsJson = False,
    plot: Annotated[Path | None, typer.Option(help="Write the curve: .png, .svg, .pdf.")] = None,
) -> None:
    """Predict the training images needed to reach a target mAP."""
    from ptssp_sklearn.pipeline.validation import check_target
    from ptssp_sklearn.serving.answer import answer_for

    try:
        check_target(target)
        with hear_remarks() as notes:
            points, measured = read_pilots(pilot)
            asked = _asked(images, mask, model, class_name, count)
            answer = answer_for(
                find(model),
                None if asked is None else asked.table,
                target,
                pilot=points,
                learner=learner,
                metric=metric,
                classes=class_name,
                coverage=interval,
            )
            answer = as_measured(answer, None if learner else measured)
        if plot is not None:
            draw(answer, plot)
    except (ValueError, OSError, ImportError) as error:
        refuse(error)
    notes += answer.notes()
    if as_json:
        typer.echo(json.dumps(answer.to_json() | looked_at(asked, notes), indent=1))
    else:
        print_answer(answer, asked, notes, plot)


@app.command()
def plan(
    target: Target,
    images: Images = None,
    mask: Mask = None,
    class_name: ClassName = None,
    count: Count = 8,
    pilot: Pilot = None,
    learner: LearnerName = None,
    metric: Metric = None,
    model: Model = "detectors",
    rounds: Annotated[int, typer.Option(help="Rounds of labelling and measuring.")] = 3,
    probability: Annotated[
        float, typer.Option(help="Chance to reach the target by the last round.")
    ] = 0.9,
    cost: Annotated[float, typer.Option(help="Cost of labelling an image.")] = 1.0,
    fixed_cost: Annotated[float, typer.Option(help="Cost of a measurement.")] = 0.0,
    penalty: Annotated[float, typer.Option(help="Cost of missing the target.")] = 0.0,
    max_size: Annotated[float, typer.Option(help="Images that can be had at most.")] = 1e6,
    as_json: AsJson = False,
) -> None:
    """Propose how many images to label before measuring next."""
    try:
        with hear_remarks() as notes:
            points, _ = read_pilots(pilot)
            asked = _asked(images, mask, model, class_name, count)
            found = find(model).plan(
                None if asked is None else asked.table,
                target,
                pilot=points or None,
                learner=learner,
                metric=metric,
                cost=cost,
                fixed_cost=fixed_cost,
                penalty=penalty,
                rounds=rounds,
                probability=probability,
                max_size=max_size,
            )[0]
    except (ValueError, OSError, ImportError) as error:
        refuse(error)
    if as_json:
        typer.echo(json.dumps(found.to_json() | looked_at(asked, notes), indent=1))
        return
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"[bold]{found.sentence()}[/bold]")
    shown = Table("round", "images in all", "needed with", "reached by then", "expected score")
    for number, row in found.rounds.iterrows():
        size = "–" if row["size"] != row["size"] else f"{row['size']:,.0f}"
        shares = [f"{row[name]:.0%}" for name in ("needed", "reached")]
        score = "–" if row["size"] != row["size"] else f"{row['expected']:.3f}"
        shown.add_row(str(number), size, *shares, score)
    console.print(shown)
    print_asked(console, asked, notes)


@app.command()
def serve(
    model: Model = "detectors",
    port: Port = 5001,
    host: Host = "127.0.0.1",
    timeout: Annotated[
        int, typer.Option(min=1, help="Seconds after which a request is given up.")
    ] = 300,
) -> None:
    """Answer over HTTP as MLflow's scoring server does; needs the extra mlflow."""
    from ptssp_sklearn.serving.server import serve as run_server

    try:
        run_server(model, host=host, port=port, timeout=timeout)
    except (ValueError, OSError, ImportError) as error:
        refuse(error)


@app.command("app")
def page(
    port: Port = 8501,
    host: Host = "127.0.0.1",
) -> None:
    """Start the page in a browser's reach; needs the extra app."""
    from ptssp_sklearn.page.server import serve_page

    try:
        serve_page(host=host, port=port)
    except (ValueError, OSError, ImportError) as error:
        refuse(error)


def _asked(
    images: list[str] | None, mask: list[str] | None, model: str, name: str | None, count: int
) -> Any:
    """Read what is asked about; None where there is no image, for a model that needs none."""
    from ptssp_sklearn.datasets.asked_images import asked_images
    from ptssp_sklearn.exceptions import remark
    from ptssp_sklearn.pipeline.validation import looks_at_images, needs_images

    if not looks_at_images(find(model)):
        given = [*(images or []), *(mask or [])]
        if given:
            left = f"{given[0]} is" if len(given) == 1 else f"{given[0]} and all other files are"
            remark(f"The model {model} looks at no image: {left} left out.")
        return None
    if not images and not mask and not needs_images(find(model)):
        return None
    return asked_images(images or [], mask or [], class_name=name, n_images=count)
