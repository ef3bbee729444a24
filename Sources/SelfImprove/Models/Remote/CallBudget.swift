import Foundation
import Synchronization

/// What may still be spent on an endpoint while one step asks it.
///
/// A call begins only where what it may cost fits beside what is spent and what the calls under way may cost: the most
/// that it can be until some have ended, then what they cost on the average.
final class CallBudget: Sendable {
    private let settings: EndpointSettings
    private let state: Mutex<State>

    private struct State {
        var spent: CallCost
        var reserved = CallCost()
        /// Calls of this step that have ended: what they cost, and what was taken for their prompts before.
        var calls = 0
        var cost = CallCost()
        var guessed = 0
    }

    init(_ settings: EndpointSettings, _ log: any CallLog) async throws {
        self.settings = settings
        state = Mutex(State(spent: try await log.spent(on: settings.name)))
    }

    /// What a call may cost, which is reserved for it; nil where it may not begin.
    func reserve(_ body: ChatCompletionBody) -> CallCost? {
        state.withLock { state in
            let cost = expected(body, state), sum = state.spent + state.reserved + cost
            if let tokens = settings.budget.tokens, sum.tokens > tokens { return nil }
            if let money = settings.budget.money, sum.money > money { return nil }
            state.reserved += cost
            return cost
        }
    }

    /// A call has ended.
    func spend(_ cost: CallCost, reserved: CallCost, of body: ChatCompletionBody) {
        let guess = Self.guess(body)
        state.withLock { state in
            state.reserved.promptTokens -= reserved.promptTokens
            state.reserved.completionTokens -= reserved.completionTokens
            state.reserved.money -= reserved.money
            state.spent += cost
            state.calls += 1
            state.cost += cost
            state.guessed += guess
        }
    }

    /// Tokens of a prompt, at most: half of its bytes, and what a template adds to a message.
    private static func guess(_ body: ChatCompletionBody) -> Int {
        body.texts.reduce(0) { $0 + $1.utf8.count / 2 + 16 }
    }

    private func expected(_ body: ChatCompletionBody, _ state: State) -> CallCost {
        var prompt = Self.guess(body), completion = body.maximumTokens ?? 1024
        if state.calls >= 8 {
            prompt = prompt * state.cost.promptTokens / max(state.guessed, 1) + 1
            completion = state.cost.completionTokens / state.calls + 1
        }
        let usage = EndpointUsage(promptTokens: prompt, completionTokens: completion)
        return CallCost(
            promptTokens: prompt,
            completionTokens: completion,
            money: settings.pricePerMillion?.cost(of: usage) ?? 0
        )
    }

    /// Why no more calls begin.
    var error: SelfImproveError {
        let spent = state.withLock { $0.spent }
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
