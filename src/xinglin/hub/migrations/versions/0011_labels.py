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
    key bigint NOT NULL,                -- that Patient's self_key
    mark bigint NOT NULL,               -- of its rule
    faults jsonb NOT NULL               -- places that can't be evaluated, so that more is denied
);
COMMENT ON TABLE consent IS 'active Consent records that deny something, as they are enforced';
CREATE INDEX consent_patient ON consent (patient);
CREATE INDEX consent_key ON consent (key);
CREATE INDEX consent_mark ON consent (mark);

CREATE TABLE consent_rule (
    mark bigint PRIMARY KEY,            -- hash of the rule
    rule jsonb NOT NULL                 -- see hub/consents/reading.py
);
COMMENT ON TABLE consent_rule IS 'what consents say, each once: a million people say the same few things';

-- Whether the Patient with this self_key, or another one of the same person, has a consent that says so.
CREATE FUNCTION consent_denies(ref bigint, marks bigint[]) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE named text;
BEGIN
    IF EXISTS (SELECT FROM consent c WHERE c.key = ref AND c.mark = ANY(marks)) THEN
        RETURN true;
    END IF;
    SELECT r.id INTO named FROM resource r WHERE r.self_key = ref;
    RETURN named IS NOT NULL AND EXISTS (
        SELECT FROM consent c WHERE c.mark = ANY(marks) AND c.patient IN (
            SELECT o.patient FROM person_link o WHERE o.golden = named
            UNION ALL SELECT l.golden FROM person_link l WHERE l.patient = named
            UNION ALL SELECT o.patient FROM person_link l JOIN person_link o ON o.golden = l.golden
            WHERE l.patient = named));
END $$;

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
