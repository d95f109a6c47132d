"""Login by the site's own OpenID Connect provider: authorization code with PKCE, state and nonce.

https://openid.net/specs/openid-connect-core-1_0.html, RFC 7636, RFC 9207, RFC 9700.
"""
