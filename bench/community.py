"""The database of the measures: the product's own schema, filled with as many free dossiers as a run needs.

Ids are MD5 of a name, so that every program of the measure knows them without asking: `identity("dossier", 7)`.
"""

import hashlib
import os
import subprocess
import sys
from uuid import UUID

from bench.processes import ROOT, Failed
from bench.servers import Servers
from bench.stage import SOCKETS, TOPICS

AGENTS = SOCKETS
SERVICES = TOPICS
FIRST_VERSION = 1  # every dossier has one fact: it was filed

_FILL = """
insert into community (name, demo) values ('Mesure', true);
insert into directorates (id, slug, name)
select md5('directorate ' || n)::uuid, 'direction-' || n, 'Direction ' || n from generate_series(0, {services} - 1) n;
insert into services (id, directorate_id, slug, name)
select md5('service ' || n)::uuid, md5('directorate ' || n)::uuid, 'service-' || n, 'Service ' || n
from generate_series(0, {services} - 1) n;
insert into accounts (id, kind, email, given_name, family_name)
select md5('agent ' || n)::uuid, 'agent', 'agent' || n || '@exemple.fr', 'Agent', 'N' || n
from generate_series(0, {agents} - 1) n;
insert into accounts (id, kind, email, given_name, family_name)
select md5('citizen ' || n)::uuid, 'citizen', 'usager' || n || '@exemple.fr', 'Usager', 'N' || n
from generate_series(0, 999) n;
insert into roles (account_id, role, service_id)
select md5('agent ' || n)::uuid, 'agent', md5('service ' || n % {services})::uuid
from generate_series(0, {agents} - 1) n;
insert into sessions (id, token_hash, account_id, expires_at, idle_seconds)
select md5('session ' || n)::uuid, sha256(convert_to('mesure-' || md5('token ' || n), 'UTF8')),
       md5('agent ' || n)::uuid, now() + interval '12 hours', 1800
from generate_series(0, {agents} - 1) n;
insert into procedures (id, slug, service_id, revision)
select md5('procedure ' || n)::uuid, 'procedure-' || n, md5('service ' || n % {services})::uuid, 1
from generate_series(0, 35) n;
insert into procedure_revisions (procedure_id, revision, definition, title_fr, title_en, theme, target_days)
select md5('procedure ' || n)::uuid, 1, '{{}}', 'Démarche ' || n, 'Procedure ' || n, 'mesure', 20
from generate_series(0, 35) n;
insert into dossiers (id, reference, version, digest, state, procedure_id, revision, service_id, directorate_id,
                      citizen_id, channel, commune, submitted_at, due_at, last_at, applicant, search)
select md5('dossier ' || n)::uuid, 'M-' || n, 1, sha256(convert_to('dossier ' || n, 'UTF8')), 'submitted',
       md5('procedure ' || n % 36)::uuid, 1, md5('service ' || n % {services})::uuid,
       md5('directorate ' || n % {services})::uuid, md5('citizen ' || n % 1000)::uuid, 'online', '86194',
       now() - n * interval '1 minute',
       now() - n * interval '1 minute' + interval '90 days', now() - n * interval '1 minute', 'Usager N' || n % 1000,
       'm-' || n || ' usager n' || n % 1000
from generate_series(0, {dossiers} - 1) n;
insert into journal (stream, subject_id, version, kind, v, at, actor, payload, digest)
select 'dossier', id, 1, 'dossier.submitted', 1, submitted_at, citizen_id,
       jsonb_build_object('set', jsonb_build_object(
           'state', jsonb_build_array(null, state), 'service_id', jsonb_build_array(null, service_id),
           'directorate_id', jsonb_build_array(null, directorate_id),
           'citizen_id', jsonb_build_array(null, citizen_id))),
       digest
from dossiers;
"""


def identity(kind: str, number: int) -> UUID:
    """The id of the nth `agent`, `citizen`, `service`, `directorate`, `procedure` or `dossier`."""
    return UUID(hashlib.md5(f"{kind} {number}".encode(), usedforsecurity=False).hexdigest())


def token(agent: int) -> str:
    """The session token of the nth agent: password hashing is no part of these measures."""
    return f"mesure-{identity('token', agent).hex}"


def make(servers: Servers, name: str, *, dossiers: int) -> str:
    """A database of this name with the product's schema (its own migrations) and the community; its address."""
    url = servers.fresh_database(name)
    done = subprocess.run(
        [sys.executable, "-m", "alembic", "upgrade", "head"],
        cwd=ROOT, env={**os.environ, "DATABASE_URL": url}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise Failed(f"the migrations do not run: {done.stderr[-800:]}")
    servers.sql(_FILL.format(services=SERVICES, agents=AGENTS, dossiers=dossiers), database=name)
    servers.sql("vacuum analyze", database=name)
    return url


def copy(servers: Servers, template: str, name: str) -> str:
    """A fresh copy of the database `template`, its pages on disk: every run begins with the same one."""
    servers.sql(f'drop database if exists "{name}" with (force)')
    servers.sql(f'create database "{name}" template "{template}"')
    servers.sql("checkpoint")
    return servers.database(name)
