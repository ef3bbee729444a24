import Synchronization

/// What may still be spent on an endpoint while one step asks it.
final class CallBudget: Sendable {
    private let settings: EndpointSettings
    private let spent: Mutex<CallCost>

    init(_ settings: EndpointSettings, _ log: any CallLog) async throws {
        self.settings = settings
        spent = Mutex(try await log.spent(on: settings.name))
    }

    func spend(_ cost: CallCost) { spent.withLock { $0 += cost } }

    /// - Throws: `.withheld` where nothing is left. Calls that are under way end, and count.
    func check() throws {
        guard let reason = settings.budget.reason(spent.withLock { $0 }) else { return }
        throw SelfImproveError(
            .withheld,
            reason,
            context: settings.name,
            hint: "raise the peer's budget in the configuration, and resume"
        )
    }
}
