"""Labels of confidentiality and consent."""

from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Apply the step."""
    op.get_bind().exec_driver_sql(SQL)


SQL = """
CREATE TABLE label_carrier (
    key bigint PRIMARY KEY,             -- self_key of the record
    type text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    classes text COLLATE "C" NOT NULL,  -- with blanks between; empty: nothing follows any more
    until date,                         -- the day on which its own labels must be derived anew
    -- records that refer to it must be looked at, those written by transactions below this change number;
    -- -1: not known yet; null: they are done
    pending bigint,
    place bigint NOT NULL DEFAULT -1    -- change number of the last of them looked at
);
COMMENT ON TABLE label_carrier IS 'records whose sensitive classes follow to those that refer to them';
CREATE INDEX label_carrier_pending ON label_carrier (key) WHERE pending IS NOT NULL;
CREATE INDEX label_carrier_until ON label_carrier (until) WHERE until IS NOT NULL;

CREATE TABLE label_progress (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    rules text NOT NULL DEFAULT '',     -- fingerprint of the tables by which records are labelled
    target bigint,                      -- records below need looking at; null: none do
    place bigint NOT NULL DEFAULT -1,   -- change number of the last record looked at
    done bigint NOT NULL DEFAULT 0,
    updated timestamptz NOT NULL DEFAULT now()
);
INSERT INTO label_progress DEFAULT VALUES;
COMMENT ON TABLE label_progress IS 'how far labels have been derived anew after a change of the tables';

CREATE TABLE consent (
    id text COLLATE "C" PRIMARY KEY,    -- of the Consent record
    patient text COLLATE "C" NOT NULL,  -- id of the Patient it names
    rule jsonb NOT NULL,                -- see hub/consents/reading.py
    faults jsonb NOT NULL               -- places that can't be evaluated, so that more is denied
);
COMMENT ON TABLE consent IS 'active Consent records that deny something, as they are enforced';
CREATE INDEX consent_patient ON consent (patient);

CREATE TABLE consent_state (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    generation bigint NOT NULL DEFAULT 0
);
INSERT INTO consent_state DEFAULT VALUES;
COMMENT ON TABLE consent_state IS 'counts the changes of consents, so that no decision is kept beyond one';

-- Records stored earlier lack the key of where they came from (hub/sight/origins.py): all are indexed again.
INSERT INTO search_parameter (url, id, types, target)
SELECT 'urn:xinglin:everything', '', array_agg(name ORDER BY name), -1 FROM resource_type
WHERE EXISTS (SELECT FROM resource) HAVING count(*) > 0
ON CONFLICT (url) DO UPDATE SET types = excluded.types, target = excluded.target, place = -1, done = 0;
UPDATE hub SET search_generation = search_generation + 1;
"""
