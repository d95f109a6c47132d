"""Grants of emergency access and their reviews; grants under a contract."""

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Apply the step."""
    op.get_bind().exec_driver_sql(SQL)


SQL = """
CREATE TABLE access_grant (
    id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    kind text NOT NULL CHECK (kind IN ('emergency', 'contract')),
    who text NOT NULL,                      -- id of who may, as user:wang
    name text NOT NULL DEFAULT '',
    institution text,
    patient text COLLATE "C",               -- id of a Patient; null: a contract isn't about one
    purpose text NOT NULL,                  -- HL7 v3 PurposeOfUse
    reason text NOT NULL,                   -- code of an emergency, or the contract's number
    words text NOT NULL,                    -- the reason in the asker's own words
    since timestamptz NOT NULL DEFAULT now(),
    until timestamptz NOT NULL CHECK (until > since),
    given_by text,                          -- contracts: the security administrator
    ended timestamptz,                      -- ended before its time
    ended_by text,
    outcome text CHECK (outcome IN ('justified', 'unjustified', 'unclear')),
    reviewed timestamptz,
    reviewed_by text,
    why text,                               -- what the reviewer found
    CHECK ((kind = 'emergency') = (patient IS NOT NULL)),
    CHECK ((outcome IS NULL) = (reviewed IS NULL) AND (outcome IS NULL) = (reviewed_by IS NULL)),
    CHECK (outcome IS NULL OR kind = 'emergency')
);
COMMENT ON TABLE access_grant IS 'access beyond relations: broken glass, to be reviewed, and contracts';
CREATE INDEX access_grant_who ON access_grant (who, until) WHERE ended IS NULL;
CREATE INDEX access_grant_review ON access_grant (id) WHERE kind = 'emergency' AND outcome IS NULL;
CREATE INDEX access_grant_patient ON access_grant (patient) WHERE patient IS NOT NULL;
"""
