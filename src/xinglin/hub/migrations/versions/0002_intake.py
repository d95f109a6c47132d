"""Intake: sources, deliveries, the refused queue, and the background work on them."""

from alembic import op
from procrastinate.schema import SchemaManager

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Apply the step. The tables of background work are procrastinate's own."""
    op.get_bind().exec_driver_sql(SQL)
    # Its text has percent signs, which SQLAlchemy would take for parameters.
    op.get_bind().connection.cursor().execute(SchemaManager.get_schema())


SQL = """
CREATE TABLE source (
    id text COLLATE "C" PRIMARY KEY,
    institution text NOT NULL,          -- unified social credit code (GB 32100) of who answers for the data
    institution_code text,              -- health institution code (WS 218)
    institution_name text NOT NULL,
    system text NOT NULL,               -- what sends: HIS, LIS, a public health platform
    namespace text NOT NULL,            -- whose numbers these are; systems that share theirs share it
    formats text[] NOT NULL,            -- what it may send; empty: anything
    charset text,
    zone text,                          -- null: the hub's
    ids text NOT NULL,                  -- ids of FHIR records: keep, or own (made from namespace and id)
    validation text NOT NULL,           -- as the setting
    contact text NOT NULL,
    declared jsonb NOT NULL,            -- options of formats by name, texts
    token bytea,                        -- SHA-256 of the token it shows; null: it can't deliver by HTTP
    disabled timestamptz,
    created timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE source IS 'systems that deliver data';

CREATE TABLE delivery (
    number bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    source text COLLATE "C" NOT NULL REFERENCES source,
    name text NOT NULL,                 -- as the sender called it
    path text,                          -- where the bytes wait; null: they were loaded at once
    owned boolean NOT NULL,             -- whether the file is the hub's own, to be removed when loaded
    hash bytea NOT NULL,                -- SHA-256 of the bytes as sent
    size bigint NOT NULL,
    received timestamptz NOT NULL,
    state text NOT NULL CHECK (state IN ('waiting', 'loading', 'done', 'failed')),
    finished timestamptz,
    fault jsonb                         -- why it failed: code, and text and remedy by language
);
COMMENT ON TABLE delivery IS 'what was delivered; a row that is done is the receipt';
CREATE UNIQUE INDEX delivery_once ON delivery (source, hash) WHERE state <> 'failed';
CREATE INDEX delivery_open ON delivery (number) WHERE state IN ('waiting', 'loading');

CREATE TABLE delivery_piece (
    delivery bigint NOT NULL REFERENCES delivery,
    number integer NOT NULL,
    counts jsonb NOT NULL,              -- see hub/intake/counts.py
    PRIMARY KEY (delivery, number)
);
COMMENT ON TABLE delivery_piece IS 'parts of deliveries that are loaded; committed with their records';

CREATE TABLE refused (
    number bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    source text COLLATE "C" NOT NULL REFERENCES source,
    delivery bigint NOT NULL REFERENCES delivery,
    member text NOT NULL,               -- the file in an archive
    item integer NOT NULL,              -- which item of the file, from 1
    line integer NOT NULL,
    place text,                         -- within the item: segment and field, column, XPath, FHIRPath
    format text NOT NULL,
    head bytea NOT NULL,                -- what reading it needs from the file's beginning
    raw bytea NOT NULL,                 -- as it came
    hash bytea NOT NULL,                -- of format, head and raw
    code text NOT NULL,
    texts jsonb NOT NULL,               -- sentence and remedy by language
    weight integer NOT NULL,            -- records in it, where it is a bundle
    times integer NOT NULL DEFAULT 1,   -- how often it was sent
    since timestamptz NOT NULL DEFAULT now(),
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'replayed', 'dismissed')),
    corrected bytea,                    -- what to load in place of raw
    corrected_by text,
    decided timestamptz,
    decided_by text,
    decision text                       -- why it was dismissed; which delivery replayed it
);
COMMENT ON TABLE refused IS 'what could not be taken, whole, and why; leaves by replay or decision only';
CREATE UNIQUE INDEX refused_once ON refused (source, hash) WHERE state = 'waiting';
CREATE INDEX refused_waiting ON refused (source, code, number) WHERE state = 'waiting';

CREATE TABLE import (
    id text COLLATE "C" PRIMARY KEY,
    source text COLLATE "C" NOT NULL REFERENCES source,
    requested timestamptz NOT NULL DEFAULT now(),
    inputs jsonb NOT NULL               -- see hub/intake/importing.py
);
COMMENT ON TABLE import IS 'files that the hub was asked to fetch ($import); each becomes a delivery';
CREATE INDEX import_open ON import (requested) WHERE inputs @> '[{"state": "waiting"}]';

-- When a record's present content was said again later: a source time without a version of its own.
CREATE TABLE restated (
    type smallint NOT NULL,
    id text COLLATE "C" NOT NULL,
    time timestamptz NOT NULL,
    PRIMARY KEY (type, id)
);
COMMENT ON TABLE restated IS 'the latest source time at which a record was delivered again unchanged';
"""
