"""The REST routes of the catalogue: procedures as people who file read them."""

from api import inputs, parameters, prefill, procedures
from api import representations as r
from api.http import Call, Operation


async def _procedures(call: Call) -> r.ProcedurePage:
    return await procedures.procedures(call.state, call.anybody, q=call.query.q, theme=call.query.theme)


async def _procedure(call: Call) -> r.Procedure:
    return await procedures.procedure(call.state, call.anybody, call.path["slug"])


async def _evaluate(call: Call) -> r.Evaluation:
    slug = call.path["slug"]
    judged = await procedures.judge(call.state, call.anybody, slug, call.body.answers, call.body.claims)
    return judged.evaluation


async def _prefill(call: Call) -> prefill.Prefill:
    return await prefill.prefill(call.state, call.anybody, call.path["slug"], call.query.link)


async def _prefilled_link(call: Call) -> prefill.PrefilledLink:
    return await prefill.link(call.state, call.viewer, call.path["slug"], call.body)


CATALOGUE: tuple[Operation, ...] = (
    Operation(
        method="GET", path="/procedures", name="procedures", does="The catalogue", call=_procedures,
        query=parameters.Catalogue, gives=r.ProcedurePage, needs="anybody", forgives=True,
    ),
    Operation(
        method="GET", path="/procedures/{slug}", name="procedure", does="One procedure and its form", call=_procedure,
        gives=r.Procedure, needs="anybody", forgives=True,
    ),
    Operation(
        method="POST", path="/procedures/{slug}/evaluate", name="evaluate", does="What answers make of the form",
        call=_evaluate, takes=inputs.Answers, gives=r.Evaluation, needs="anybody", forgives=True,
    ),
    Operation(
        method="GET", path="/procedures/{slug}/prefill", name="prefill", does="Answers to begin its form with",
        call=_prefill, query=parameters.Prefilled, gives=prefill.Prefill, needs="anybody", forgives=True,
    ),
    Operation(
        method="POST", path="/procedures/{slug}/links", name="prefilled_link", does="A link to its form, filled in",
        call=_prefilled_link, takes=inputs.NewLink, gives=prefill.PrefilledLink, refuses=("not_allowed", "not_found"),
    ),
)  # fmt: skip
