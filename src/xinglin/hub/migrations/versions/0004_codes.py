"""Codes: the local codes that were seen, and what officers decided that they mean."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Apply the step."""
    op.get_bind().exec_driver_sql(SQL)


SQL = """
CREATE TABLE local_code (
    source text NOT NULL,
    system text COLLATE "C" NOT NULL,
    code text COLLATE "C" NOT NULL,
    unit text NOT NULL,             -- as sent; empty: none
    kind text NOT NULL,             -- type of the records it stands in
    display text NOT NULL,
    specimen text NOT NULL,
    count bigint NOT NULL,
    unmapped bigint NOT NULL,       -- how many of them had no mapping when they came
    sketch jsonb NOT NULL,          -- how the values are spread (standards/labitems/sketch.py)
    first_seen timestamptz NOT NULL,
    last_seen timestamptz NOT NULL,
    PRIMARY KEY (system, code, unit, source)
);
COMMENT ON TABLE local_code IS 'codes that institutions use, as they were seen in records';
CREATE INDEX local_code_source ON local_code (source, code);

CREATE TABLE local_code_note (
    id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    source text NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    counts jsonb NOT NULL
);
COMMENT ON TABLE local_code_note IS
    'what one piece of a delivery brought, until it is added to local_code; so that loading waits for nobody';

CREATE TABLE code_decision (
    id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    system text COLLATE "C" NOT NULL,
    code text COLLATE "C" NOT NULL,
    name text NOT NULL,             -- what the code was called when it was decided
    action text NOT NULL CHECK (action IN ('accept', 'reject', 'withdraw')),
    target text COLLATE "C" NOT NULL,
    reason text NOT NULL,
    who text NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE code_decision IS 'every decision on a local code, in order; nothing is ever changed here';
CREATE INDEX code_decision_code ON code_decision (system, code);

CREATE TABLE code_map (
    system text COLLATE "C" NOT NULL,
    code text COLLATE "C" NOT NULL,
    name text NOT NULL,
    target text COLLATE "C" NOT NULL,
    decision bigint NOT NULL REFERENCES code_decision,
    PRIMARY KEY (system, code)
);
COMMENT ON TABLE code_map IS 'the accepted mappings as they stand now';

CREATE TABLE code_work (
    system text COLLATE "C" NOT NULL,
    code text COLLATE "C" NOT NULL,
    -- records written before this change number need standardising again; null: not known yet
    target bigint,
    place bigint NOT NULL DEFAULT -1, -- change number of the last record done
    done bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (system, code)
);
COMMENT ON TABLE code_work IS 'codes whose stored records wait to be standardised again';
"""
