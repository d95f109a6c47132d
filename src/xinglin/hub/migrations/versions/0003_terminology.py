"""Terminology: code systems, value sets and concept maps for quick answers."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Apply the step."""
    op.get_bind().exec_driver_sql(SQL)


SQL = """
CREATE TABLE terminology (
    number integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    type text NOT NULL,             -- CodeSystem, ValueSet or ConceptMap
    id text COLLATE "C" NOT NULL,   -- of the record
    url text COLLATE "C",
    version text NOT NULL DEFAULT '',
    status text NOT NULL DEFAULT '',
    source text COLLATE "C",        -- of a ConceptMap: the value sets it leads from and to
    target text COLLATE "C",
    content text,                   -- the record without its concepts or lines; null: not read yet
    lines integer NOT NULL DEFAULT 0, -- how many concepts or lines
    loaded text,                    -- fingerprint of the file its concepts came from; null: from the record
    changed timestamptz NOT NULL DEFAULT now(),
    UNIQUE (type, id)
);
COMMENT ON TABLE terminology IS 'current CodeSystem, ValueSet and ConceptMap records; written with them';
CREATE INDEX terminology_url ON terminology (type, url);

CREATE TABLE concept (
    id bigint PRIMARY KEY,          -- the system's number in the upper half, then the place within it
    system integer NOT NULL REFERENCES terminology ON DELETE CASCADE,
    code text COLLATE "C" NOT NULL,
    body jsonb NOT NULL,            -- as in CodeSystem.concept, and `parents`
    -- what it is found by: words, pinyin, and marked by a first character, ancestors, parents and properties
    keys tsvector NOT NULL
);
COMMENT ON TABLE concept IS 'concepts of code systems; see hub/terminology/rows.py';
CREATE UNIQUE INDEX concept_code ON concept (system, code);
CREATE INDEX concept_keys ON concept USING gin (keys) WITH (gin_pending_list_limit = 65536);

CREATE TABLE mapping (
    map integer NOT NULL REFERENCES terminology ON DELETE CASCADE,
    place integer NOT NULL,
    source_system text COLLATE "C" NOT NULL,
    source_code text COLLATE "C" NOT NULL,
    target_system text COLLATE "C" NOT NULL,
    target_code text COLLATE "C",
    equivalence text NOT NULL,
    body jsonb NOT NULL,            -- names and products
    PRIMARY KEY (map, place)
);
COMMENT ON TABLE mapping IS 'lines of concept maps';
CREATE INDEX mapping_source ON mapping (source_code, source_system);
CREATE INDEX mapping_target ON mapping (target_code, target_system);

-- Records from before are read when a hub next opens.
INSERT INTO terminology (type, id) SELECT t.name, r.id FROM resource r JOIN resource_type t ON t.code = r.type
WHERE t.name IN ('CodeSystem', 'ValueSet', 'ConceptMap') AND r.body IS NOT NULL;
"""
