"""Keys at rest."""

from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Apply the step."""
    op.get_bind().exec_driver_sql(SQL)


SQL = """
CREATE TABLE vault_key (
    number integer PRIMARY KEY,
    purpose text NOT NULL CHECK (purpose IN ('data', 'index')), -- encrypts; hides values in the search index
    algorithm text NOT NULL,
    -- what is encrypted while it is the newest
    scope text NOT NULL CHECK (scope IN ('identifying', 'all', 'none')),
    master text NOT NULL,               -- id of the master key that wraps it, which isn't here
    wrapped bytea NOT NULL,
    created timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE vault_key IS 'keys of the data, wrapped; the newest data key seals, all open';

CREATE TABLE vault_work (
    name text PRIMARY KEY,              -- the table
    -- rows written before this change number wait for the newest key; -1: not known yet; null: none do
    target bigint,
    place bigint NOT NULL DEFAULT -1,   -- number of the last row looked at
    done bigint NOT NULL DEFAULT 0      -- how many were encrypted anew
);
COMMENT ON TABLE vault_work IS 'how far encrypting anew is after a key was changed';

-- raised whenever vault_key changes
ALTER TABLE hub ADD vault_generation integer NOT NULL DEFAULT 0;

DROP FUNCTION change_start();
CREATE FUNCTION change_start(OUT base bigint, OUT generation integer, OUT keys integer)
LANGUAGE plpgsql VOLATILE AS
$$ BEGIN
    base := change_base();
    SELECT search_generation, vault_generation INTO generation, keys FROM hub;
END $$;
"""
