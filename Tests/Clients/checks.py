"""Claims, counted: what the scripts in this folder share."""
import sys

passed = failed = 0


def check(condition, claim):
    global passed, failed
    if condition:
        passed += 1
    else:
        failed += 1
        print("FAILED", claim, flush=True)


def finish():
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed or not passed else 0)
