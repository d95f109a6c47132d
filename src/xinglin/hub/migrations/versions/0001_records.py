"""Records: every version of every resource, and the change sequence."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Apply the step."""
    op.get_bind().exec_driver_sql(SQL)


SQL = """
CREATE TABLE hub (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    -- added to PostgreSQL's transaction numbers, so that change numbers keep growing after a restore
    -- into a cluster that counts from a lower number
    transaction_offset bigint NOT NULL DEFAULT 0,
    -- raised whenever search_parameter changes
    search_generation integer NOT NULL DEFAULT 0,
    created timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE hub IS 'facts about this hub; one row';
INSERT INTO hub DEFAULT VALUES;

CREATE TABLE resource_type (
    code smallint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    name text NOT NULL UNIQUE
);
COMMENT ON TABLE resource_type IS 'FHIR resource types by the short code used in other tables';

CREATE TABLE dictionary (
    id integer PRIMARY KEY,
    created timestamptz NOT NULL DEFAULT now(),
    samples integer NOT NULL,
    content bytea NOT NULL
);
COMMENT ON TABLE dictionary IS 'zstd dictionaries; a body names in its frame header the one it needs';

CREATE TABLE resource (
    seq bigint NOT NULL,            -- change number of this version
    updated timestamptz NOT NULL,
    version integer NOT NULL,
    type smallint NOT NULL,
    id text COLLATE "C" NOT NULL,
    self_key bigint NOT NULL,       -- hash of type and id: what references to the record are hashed to
    body bytea,                     -- the JSON record under zstd; null: deleted
    keys bigint[],                  -- hashed search values; null: deleted
    refs bigint[]                   -- self_keys of the records referred to; null: deleted
);
COMMENT ON TABLE resource IS 'the current version of every record, one row each';
ALTER TABLE resource ALTER body SET STORAGE EXTERNAL;
ALTER TABLE resource ALTER keys SET STATISTICS 1000;
CREATE UNIQUE INDEX resource_id ON resource (type, id);
CREATE UNIQUE INDEX resource_seq ON resource (seq);
CREATE INDEX resource_self_key ON resource (self_key);
CREATE INDEX resource_updated ON resource (type, updated);
CREATE INDEX resource_keys ON resource USING gin (keys) WITH (fastupdate = on, gin_pending_list_limit = 1024);
ALTER TABLE resource SET (autovacuum_vacuum_insert_scale_factor = 0.05);

-- Search values with an order, by the version (`seq`) that has them; see hub/search/rows.py.
-- edge: 1 the least, 2 the greatest of the record's values at the place, 3 both.
CREATE TABLE search_date (
    seq bigint NOT NULL,
    low bigint NOT NULL,            -- microseconds since 1970 UTC, half open
    high bigint NOT NULL,
    place integer NOT NULL,         -- last bit 1: the record has several values there, or a long one
    edge smallint NOT NULL
);
CREATE INDEX search_date_seq ON search_date (seq);
CREATE INDEX search_date_place ON search_date (place, low);

CREATE TABLE search_number (
    seq bigint NOT NULL,
    place bigint NOT NULL,          -- place in the upper half, XOR the base unit (0: as written)
    edge smallint NOT NULL,
    low numeric NOT NULL,
    high numeric                    -- null: as low
);
CREATE INDEX search_number_seq ON search_number (seq);
CREATE INDEX search_number_place ON search_number (place, low);

CREATE TABLE search_string (
    seq bigint NOT NULL,
    place integer NOT NULL,
    edge smallint NOT NULL,
    text text COLLATE "C" NOT NULL  -- folded, at most so long as rows.TEXT_MOST
);
CREATE INDEX search_string_seq ON search_string (seq);
CREATE INDEX search_string_place ON search_string (place, text);

CREATE TABLE search_text (
    hash bigint PRIMARY KEY,
    text text COLLATE "C" NOT NULL
);
COMMENT ON TABLE search_text IS 'display texts of codes by their hash in keys, for :text';
CREATE INDEX search_text_text ON search_text (text);

CREATE TABLE search_parameter (
    url text PRIMARY KEY,
    id text COLLATE "C" NOT NULL,   -- of the SearchParameter record
    content text,                   -- the SearchParameter as JSON; null: no longer in use
    types text[] NOT NULL,          -- resource types it concerns
    -- records written before this change number need indexing; -1: not known yet; null: none do
    target bigint,
    place bigint NOT NULL DEFAULT -1, -- change number of the last record indexed
    done bigint NOT NULL DEFAULT 0  -- how many records were indexed
);
COMMENT ON TABLE search_parameter IS 'search parameters of this hub''s own, and how far their index is';

CREATE TABLE resource_history (
    seq bigint NOT NULL,
    updated timestamptz NOT NULL,
    version integer NOT NULL,
    type smallint NOT NULL,
    id text COLLATE "C" NOT NULL,
    body bytea
);
COMMENT ON TABLE resource_history IS 'earlier versions of every record';
ALTER TABLE resource_history ALTER body SET STORAGE EXTERNAL;
CREATE UNIQUE INDEX resource_history_id ON resource_history (type, id, version);
CREATE UNIQUE INDEX resource_history_seq ON resource_history (seq);
CREATE INDEX resource_history_updated ON resource_history (type, updated);

-- Change numbers. The upper bits are the transaction's number, so all of a transaction's changes lie
-- together; the lower 20 bits are the place within it. A transaction that has ended can't add changes below
-- the horizon, so whoever reads in order up to the horizon sees every change once, in one order, under any
-- concurrency.
CREATE FUNCTION change_base() RETURNS bigint LANGUAGE sql VOLATILE AS
$$ SELECT (transaction_offset + pg_current_xact_id()::text::bigint) << 20 FROM hub $$;

-- A transaction's change numbers and the search parameters to index by. Its second statement sees what was
-- committed before the first gave the transaction its number; `hub/search/reindex.py` relies on that.
CREATE FUNCTION change_start(OUT base bigint, OUT generation integer) LANGUAGE plpgsql VOLATILE AS
$$ BEGIN base := change_base(); SELECT search_generation INTO generation FROM hub; END $$;

-- STABLE, so that it speaks of the same snapshot as the query that asks.
CREATE FUNCTION change_horizon() RETURNS bigint LANGUAGE sql STABLE AS
$$ SELECT (transaction_offset + pg_snapshot_xmin(pg_current_snapshot())::text::bigint) << 20 FROM hub $$;
"""
