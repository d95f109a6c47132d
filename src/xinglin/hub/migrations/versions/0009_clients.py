"""Programs: clients, their keys, tokens."""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Apply the step."""
    op.get_bind().exec_driver_sql(SQL)


SQL = """
CREATE TABLE client (
    id text COLLATE "C" PRIMARY KEY,
    name text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('confidential', 'backend', 'public')),
    secret bytea,                           -- SHA-256 of 256 random bits
    keys jsonb,                             -- public keys as a JWK Set
    keys_url text,                          -- where they are fetched from
    redirects text[] NOT NULL DEFAULT '{}',
    scopes text[] NOT NULL DEFAULT '{}',
    roles text[] NOT NULL DEFAULT '{}',     -- of a backend service; an app has those of its user
    institution text,                       -- id of an Organization
    purposes text[] NOT NULL DEFAULT '{}',
    introspects boolean NOT NULL DEFAULT false,
    contact text NOT NULL DEFAULT '',
    made timestamptz NOT NULL DEFAULT now(),
    disabled timestamptz,
    CHECK (num_nonnulls(secret, keys, keys_url) = CASE kind WHEN 'public' THEN 0 ELSE 1 END),
    CHECK (kind <> 'backend' OR secret IS NULL)
);
COMMENT ON TABLE client IS 'programs that may ask for tokens; none is removed, so the audit log stays true';

CREATE TABLE client_grant (
    id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    client text COLLATE "C" NOT NULL REFERENCES client,
    person jsonb,                           -- who allowed it (trust/tokens/people.py); null: a service
    scopes text[] NOT NULL,
    patient text,                           -- id of the Patient that it was launched for
    nonce text,                             -- of OpenID Connect
    authenticated timestamptz,              -- when the person logged in
    certificate text,                       -- SHA-256 thumbprint that its tokens are bound to (RFC 8705)
    made timestamptz NOT NULL,
    ends timestamptz NOT NULL,
    revoked timestamptz,
    why text                                -- the word of trust/tokens/grants.py
);
COMMENT ON TABLE client_grant IS 'what a program was allowed; its tokens live and die with it';
CREATE INDEX client_grant_client ON client_grant (client) WHERE revoked IS NULL;
CREATE INDEX client_grant_ends ON client_grant (ends);

CREATE TABLE client_code (
    hash bytea PRIMARY KEY,                 -- SHA-256 of the code
    grant_id bigint NOT NULL REFERENCES client_grant ON DELETE CASCADE,
    redirect text NOT NULL,
    challenge text NOT NULL,                -- PKCE, S256
    ends timestamptz NOT NULL,
    used timestamptz
);
COMMENT ON TABLE client_code IS 'authorization codes; each works once';
CREATE INDEX client_code_grant ON client_code (grant_id);

CREATE TABLE client_token (
    hash bytea PRIMARY KEY,                 -- SHA-256 of 256 random bits
    grant_id bigint NOT NULL REFERENCES client_grant ON DELETE CASCADE,
    kind text NOT NULL CHECK (kind IN ('access', 'refresh')),
    scopes text[] NOT NULL,
    made timestamptz NOT NULL,
    ends timestamptz NOT NULL,
    used timestamptz,                       -- a refresh token: when it was exchanged
    revoked timestamptz
);
COMMENT ON TABLE client_token IS 'access and refresh tokens';
CREATE INDEX client_token_grant ON client_token (grant_id);
CREATE INDEX client_token_ends ON client_token (ends) WHERE kind = 'access';

CREATE TABLE client_request (
    hash bytea PRIMARY KEY,                 -- SHA-256 of what the consent page holds
    session bytea NOT NULL,                 -- SHA-256 of the login session that it was shown to
    asked jsonb NOT NULL,                   -- see trust/tokens/asking.py
    ends timestamptz NOT NULL
);
COMMENT ON TABLE client_request IS 'consent pages that wait for an answer; each is answered once';
CREATE INDEX client_request_ends ON client_request (ends);

CREATE TABLE client_statement (
    client text COLLATE "C" NOT NULL REFERENCES client,
    jti bytea NOT NULL,                     -- SHA-256 of it
    ends timestamptz NOT NULL,
    PRIMARY KEY (client, jti)
);
COMMENT ON TABLE client_statement IS 'signed statements that were used, until they expire anyhow';
CREATE INDEX client_statement_ends ON client_statement (ends);
"""
