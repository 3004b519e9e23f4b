"""The law of sight: the SQL that cuts rows and the pure predicate that cuts frames say the same of everybody."""

from itertools import product

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from casework.access import VISIBLE, Viewer, sees
from casework.dossiers import queries
from casework.ids import DossierId
from infra.database import reading, transaction
from tests.people import settle

_SEEN = text(f"select d.id from dossiers d where {VISIBLE}")
_SCATTER = text(
    """
    update dossiers set state = :state, holder_id = :holder, cover_id = :cover, uncovered_since = :since,
                        taken_over_from = :origin where id = :id
    """
)


async def test_sql_and_predicate_agree_on_every_viewer_and_every_dossier(engine: AsyncEngine) -> None:
    async with transaction(engine) as db:
        c = await settle(db)
        places = list(product(
            ("draft", "submitted", "awaiting_citizen", "accepted"),
            (None, c.paul.id, c.omar.id), (None, c.ines.id), (None, c.omar.id), ("birth", "lamp"),
        ))  # fmt: skip
        for state, holder, cover, origin, procedure in places:
            made = await c.file(db, c.amina if cover else c.bilal, procedure=procedure)
            since = None if cover is None else made.at
            await db.execute(
                _SCATTER,
                {
                    "id": made.subject_id,
                    "state": state,
                    "holder": holder,
                    "cover": cover,
                    "origin": origin,
                    "since": since,
                },
            )
    async with reading(engine) as db:
        ids = list((await db.execute(text("select id from dossiers"))).scalars())
        rows = await queries.rows_of(db, ids)
        assert len(rows) == len(places)
        viewers = [person.viewer for person in c.everybody]
        viewers += [
            Viewer(None, "follower", only=DossierId(ids[0])),
            Viewer(None, "follower", only=DossierId(c.paul.id)),
        ]
        sizes = set()
        for viewer in viewers:
            by_sql = set((await db.execute(_SEEN, viewer.binds)).scalars())
            by_rule = {id_ for id_, row in rows.items()
                       if sees(viewer, row.keys, dossier_id=id_, taken_over_from=row.taken_over_from)}  # fmt: skip
            assert by_sql == by_rule, viewer
            sizes.add(len(by_sql))
        assert {0, 1} <= sizes, "some must see nothing, a follower one, for this to mean anything"
        assert max(sizes) > len(places) // 3
