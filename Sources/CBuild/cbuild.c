#include "cbuild.h"

#ifndef BUILD_COMMIT  // Package.swift tells it
#define BUILD_COMMIT "unknown"
#endif

const char *cbuild_commit(void) { return BUILD_COMMIT; }
