import Foundation
import Synchronization

/// What may still be spent on an endpoint, for all that ask it.
///
/// A call begins only where the most that it may cost fits beside what is spent and what the calls under way may cost.
final class CallBudget: Sendable {
    private let settings: EndpointSettings
    private let state: Mutex<State>

    private struct State {
        /// Nil until the log was asked.
        var spent: CallCost?
        var reserved = CallCost()
        var underWay = 0
        var ended = 0
        /// Of calls that were answered: tokens of their prompts, and what was taken for them before.
        var promptTokens = 0
        var guessed = 0
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    init(_ settings: EndpointSettings) {
        self.settings = settings
        state = Mutex(State())
    }

    /// Asks once what was spent before; no call begins until then.
    func open(_ log: any CallLog) async throws {
        if state.withLock({ $0.spent != nil }) { return }
        let spent = try await log.spent(on: settings.name)
        // Another that asked first may have spent something since.
        state.withLock { $0.spent = $0.spent ?? spent }
    }

    /// What a call may cost, which is reserved for it until `end`; nil where it may not begin.
    func reserve(_ body: ChatCompletionBody) -> CallCost? {
        state.withLock { state in
            guard let spent = state.spent else { return nil }
            let cost = most(body, state), sum = spent + state.reserved + cost
            if let tokens = settings.budget.tokens, sum.tokens > tokens { return nil }
            if let money = settings.budget.money, sum.money > money { return nil }
            state.reserved += cost
            state.underWay += 1
            return cost
        }
    }

    /// A call has ended.
    /// - Parameter cost: nil where it was cancelled, or could not be kept.
    func end(_ cost: CallCost?, reserved: CallCost, of body: ChatCompletionBody) {
        let guess = Self.guess(body)
        let waiting = state.withLock { state in
            state.reserved.promptTokens -= reserved.promptTokens
            state.reserved.completionTokens -= reserved.completionTokens
            state.reserved.money -= reserved.money
            state.underWay -= 1
            state.ended += 1
            if let cost {
                state.spent? += cost
                if cost.promptTokens > 0 {
                    state.promptTokens += cost.promptTokens
                    state.guessed += guess
                }
            }
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    /// Calls that have ended, of all that ask.
    var ended: Int { state.withLock { $0.ended } }

    /// Waits until another call has ended, and has given back what it did not need.
    /// - Parameter count: of calls that had ended when none could begin.
    /// - Returns: false where none is under way, so that nothing more comes back.
    func isFreed(since count: Int) async -> Bool {
        var isFreed = false
        await withCheckedContinuation { continuation in
            let goesOn = state.withLock { state in
                isFreed = state.ended > count || state.underWay > 0
                if state.ended == count, state.underWay > 0 { state.waiting.append(continuation) }
                return state.ended > count || state.underWay == 0
            }
            if goesOn { continuation.resume() }
        }
        return isFreed
    }

    /// Tokens of a prompt, at most: half of its bytes, and what a template adds to a message.
    private static func guess(_ body: ChatCompletionBody) -> Int {
        body.texts.reduce(0) { $0 + $1.utf8.count / 2 + 16 }
    }

    private func most(_ body: ChatCompletionBody, _ state: State) -> CallCost {
        var prompt = Self.guess(body)
        // Then by what the endpoint has made of its prompts so far.
        if state.guessed > 0 { prompt = prompt * state.promptTokens / state.guessed + 1 }
        let usage = EndpointUsage(promptTokens: prompt, completionTokens: body.maximumTokens ?? 1024)
        return CallCost(
            promptTokens: usage.promptTokens,
            completionTokens: usage.completionTokens,
            money: settings.pricePerMillion?.cost(of: usage) ?? 0
        )
    }

    /// Why no more calls begin.
    var error: SelfImproveError {
        let spent = state.withLock { $0.spent ?? CallCost() }
        let tokens = settings.budget.tokens.map { "\(spent.tokens) of \($0) tokens are spent" }
        let money = settings.budget.money.map { String(format: "%.4f of %g is spent", spent.money, $0) }
        return SelfImproveError(
            .withheld,
            [tokens, money].compactMap { $0 }.joined(separator: ", ")
                + "; the next answer may cost more than the rest",
            context: settings.name,
            hint: "raise the peer's budget in the configuration, and run or start it again"
        )
    }
}
