// The campaign runner: journal, stop criteria, progress.
