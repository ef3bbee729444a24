import ModelFiles

extension Failpoint {
    /// A step has computed everything and written nothing to the database.
    static let stepComputed = Failpoint("step-computed")
    /// Inside of the transaction that makes a step done, before it is committed.
    static let stepUncommitted = Failpoint("step-uncommitted")
    /// Right after that commit.
    static let stepCommitted = Failpoint("step-committed")

    /// The places of the journal.
    public static let steps = [stepComputed, stepUncommitted, stepCommitted]
}
