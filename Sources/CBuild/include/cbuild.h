/// The commit that this program was built from, "+" after it where files differed; "unknown" where `make` did not build it.
const char *cbuild_commit(void);
