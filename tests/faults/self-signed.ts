/**
 * A certificate that nobody trusts, for a server of the tests on the loopback, and its key. It is for localhost
 * and 127.0.0.1, and lasts a hundred years.
 */
export const selfSigned = {
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgtwF+ucecTxyAI7ii
6Tl8SRyzjRwjHF/f1cPSTclyHYOhRANCAAS7MXzTNCYpk7FYEeba4ZXoX0hPrA8g
Ep4y25H2296AZb6tEy/cqjkgyZIepWgPWru3be1hH2ompytlEMlYEpls
-----END PRIVATE KEY-----
`,
  cert: `-----BEGIN CERTIFICATE-----
MIIBmTCCAT6gAwIBAgIUcL4Gpj5006OBV+wyVXUbAjTsYd0wCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyODIxMTM0NloYDzIxMjYxMTA0
MjExMzQ2WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAS7MXzTNCYpk7FYEeba4ZXoX0hPrA8gEp4y25H2296AZb6tEy/cqjkg
yZIepWgPWru3be1hH2ompytlEMlYEplso2wwajAdBgNVHQ4EFgQUsSqKrSRrArSC
rVBwtImIw+lShkgwHwYDVR0jBBgwFoAUsSqKrSRrArSCrVBwtImIw+lShkgwGgYD
VR0RBBMwEYIJbG9jYWxob3N0hwR/AAABMAwGA1UdEwEB/wQCMAAwCgYIKoZIzj0E
AwIDSQAwRgIhAN5QshtpIWD/aGWeGCXNs3X7Lg95b7wZ0sPcWJfemsTmAiEA+/TE
ZGLj2JOo5WI0ZgwH7TC6be9G9Htn98zecW+X8hE=
-----END CERTIFICATE-----
`,
};
