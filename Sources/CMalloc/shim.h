// glibc has it, and its module for Swift does not.
#include <malloc.h>
