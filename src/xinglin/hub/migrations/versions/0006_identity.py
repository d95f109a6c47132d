"""Identity: which records are about one person, why, and what people decided about it."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Apply the step."""
    op.get_bind().exec_driver_sql(SQL)


SQL = """
CREATE TABLE person_link (
    patient text COLLATE "C" PRIMARY KEY,   -- id of a Patient as its source sent it
    golden text COLLATE "C" NOT NULL,       -- id of the person's golden Patient
    how text NOT NULL CHECK (how IN ('alone', 'rule', 'model', 'decision')),
    weight real,                            -- of the strongest link, in bits; null: not by the model
    since timestamptz NOT NULL DEFAULT now(),
    number bigint NOT NULL UNIQUE GENERATED ALWAYS AS IDENTITY, -- order of arrival
    seq bigint NOT NULL                     -- change number of the version that was matched
);
COMMENT ON TABLE person_link IS 'every source Patient and the one golden Patient it belongs to';
CREATE INDEX person_link_golden ON person_link (golden);

CREATE TABLE person_golden (
    golden text COLLATE "C" PRIMARY KEY,
    seq bigint NOT NULL,                    -- change number of the version that identity wrote
    active boolean NOT NULL
);
COMMENT ON TABLE person_golden IS 'golden Patients; inactive ones were replaced or have no sources any more';

CREATE TABLE person_feature (
    number bigint PRIMARY KEY,
    body bytea NOT NULL,                    -- see hub/identity/comparing.py
    keys bigint[] NOT NULL                  -- its rows in person_key
);
COMMENT ON TABLE person_feature IS 'what of each source Patient is compared, by person_link.number';

CREATE TABLE person_key (
    key bigint NOT NULL,                    -- hash of a blocking key, or of a number that rules compare
    number bigint NOT NULL,
    PRIMARY KEY (key, number)
);
COMMENT ON TABLE person_key IS 'what possible partners are found by';

CREATE TABLE person_worn (
    key bigint PRIMARY KEY,                 -- as in person_key
    rule text NOT NULL,
    holders integer NOT NULL,               -- evidently different people who bore it when trust ended
    since timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE person_worn IS 'numbers that too many people bear, so that no rule trusts them any more';

CREATE TABLE person_pair (
    first text COLLATE "C" NOT NULL,        -- ids of two source Patients, in order
    second text COLLATE "C" NOT NULL CHECK (first < second),
    state text NOT NULL CHECK (state IN ('review', 'linked', 'apart')),
    verdict text NOT NULL CHECK (verdict IN ('link', 'review', 'none')), -- what rules and model say
    weight real,                            -- bits; null: not by the model
    probability real,
    rule text,                              -- the rule that says so, or that asks for review
    evidence jsonb NOT NULL,                -- fields, levels and weights
    since timestamptz NOT NULL DEFAULT now(),
    decision bigint,                        -- the decision in force
    decided_by text,
    decided timestamptz,
    why text,
    PRIMARY KEY (first, second)
);
COMMENT ON TABLE person_pair IS 'pairs of source Patients that may be, or were decided not to be, one person';
CREATE INDEX person_pair_second ON person_pair (second);
CREATE INDEX person_pair_review ON person_pair (weight DESC NULLS LAST, first, second) WHERE state = 'review';

CREATE TABLE person_decision (
    id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    action text NOT NULL CHECK (action IN ('link', 'apart', 'unlink', 'merge', 'split', 'undo')),
    subjects text[] NOT NULL,               -- the ids that it was about, as they were given
    who text NOT NULL,
    why text NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    undoes bigint REFERENCES person_decision
);
COMMENT ON TABLE person_decision IS 'what people decided about identity; only ever added to';
CREATE INDEX person_decision_undoes ON person_decision (undoes) WHERE undoes IS NOT NULL;
CREATE INDEX person_decision_subjects ON person_decision USING gin (subjects);

CREATE TABLE person_constraint (
    decision bigint NOT NULL REFERENCES person_decision,
    first text COLLATE "C" NOT NULL,
    second text COLLATE "C" NOT NULL CHECK (first < second),
    together boolean NOT NULL,
    in_force boolean NOT NULL DEFAULT true,
    PRIMARY KEY (decision, first, second)
);
COMMENT ON TABLE person_constraint IS 'pairs that decisions hold together or apart; the newest counts';
CREATE INDEX person_constraint_first ON person_constraint (first) WHERE in_force;
CREATE INDEX person_constraint_second ON person_constraint (second) WHERE in_force;

CREATE TABLE identity_model (
    version integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    parameters jsonb NOT NULL,              -- m and u by level, thresholds; see hub/identity/linkage
    trained_from jsonb NOT NULL,            -- how many records and pairs, with which settings
    charts jsonb NOT NULL DEFAULT '{}',
    made timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE identity_model IS 'models of the probabilistic step; the newest is in force';

CREATE TABLE identity_progress (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    place bigint NOT NULL DEFAULT -1,       -- change number of the last Patient matched
    done bigint NOT NULL DEFAULT 0,
    updated timestamptz NOT NULL DEFAULT now()
);
INSERT INTO identity_progress DEFAULT VALUES;
COMMENT ON TABLE identity_progress IS 'how far matching has followed the change sequence';
"""
