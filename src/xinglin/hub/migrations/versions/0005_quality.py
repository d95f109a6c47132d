"""Data quality: what every record's rules found, counted by institution, day and rule."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Apply the step."""
    op.get_bind().exec_driver_sql(SQL)


SQL = """
CREATE TABLE quality_progress (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    rules text NOT NULL DEFAULT '',     -- fingerprint of the rule set that records are judged by
    place bigint NOT NULL DEFAULT -1,   -- change number of the last record judged by it
    done bigint NOT NULL DEFAULT 0,     -- how many were
    updated timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE quality_progress IS 'how far the change sequence has been judged; one row';
INSERT INTO quality_progress DEFAULT VALUES;

CREATE TABLE quality_institution (
    number integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    code text COLLATE "C" NOT NULL UNIQUE   -- unified social credit code, or unknown
);

CREATE TABLE quality_rule (
    number smallint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    id text NOT NULL,
    kind text NOT NULL,
    UNIQUE (id, kind)
);
COMMENT ON TABLE quality_rule IS 'rules by the short number used in other tables';

CREATE TABLE quality_outcome (
    number integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    tested smallint[] NOT NULL,
    failed smallint[] NOT NULL,
    UNIQUE (tested, failed)
);
COMMENT ON TABLE quality_outcome IS 'which rules applied and which failed: many records share each';

CREATE TABLE quality_record (
    type smallint NOT NULL,
    id text COLLATE "C" NOT NULL,
    institution integer NOT NULL,
    day date NOT NULL,
    outcome integer NOT NULL,
    subject bigint,                     -- self_key of the patient it is about (a Patient: its own)
    facts jsonb                         -- what SQL rules need of it; see hub/quality/facts.py
);
COMMENT ON TABLE quality_record IS 'every record as it was judged; its next version takes its place exactly';
CREATE UNIQUE INDEX quality_record_id ON quality_record (type, id);
CREATE INDEX quality_record_window ON quality_record (institution, day, type);
CREATE INDEX quality_record_subject ON quality_record (subject, type) WHERE subject IS NOT NULL;

CREATE TABLE quality_finding (
    rule smallint NOT NULL,
    institution integer NOT NULL,
    day date NOT NULL,
    type smallint NOT NULL,
    id text COLLATE "C" NOT NULL,
    PRIMARY KEY (rule, institution, day, type, id)
);
COMMENT ON TABLE quality_finding IS 'the records that fail a rule';

CREATE TABLE quality_count (
    institution integer NOT NULL,
    day date NOT NULL,
    rule smallint NOT NULL,
    tested bigint NOT NULL,
    failed bigint NOT NULL,
    PRIMARY KEY (institution, day, rule)
);
CREATE INDEX quality_count_day ON quality_count (day);

CREATE TABLE quality_window (
    institution integer NOT NULL,
    day date NOT NULL,
    touched timestamptz NOT NULL,
    PRIMARY KEY (institution, day)
);
COMMENT ON TABLE quality_window IS 'days whose rules over several records must be asked again';
CREATE INDEX quality_window_touched ON quality_window (touched);

CREATE TABLE quality_missing (
    target bigint NOT NULL,             -- self_key of a record that isn't here yet
    institution integer NOT NULL,
    day date NOT NULL,
    PRIMARY KEY (target, institution, day)
);
COMMENT ON TABLE quality_missing IS 'records referred to in vain: that day is asked again when they come';
"""
