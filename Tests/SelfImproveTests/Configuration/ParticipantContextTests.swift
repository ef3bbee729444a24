import ModelFiles
import Testing

@testable import SelfImprove

@Suite struct ParticipantContextTests {
    private func example(_ name: String, task: String? = nil) -> ExampleRow {
        ExampleRow(
            task: task,
            messages: [Message(role: "user", content: "q \(name)"), Message(role: "assistant", content: "a \(name)")]
        )
    }

    private let question = [Message(role: "user", content: "why?")]

    @Test func anEmptyContextChangesNothing() {
        let conversation = [Message(role: "system", content: "s")] + question
        #expect(ParticipantContext().applied(to: conversation, task: "t") == conversation)
        #expect(ParticipantContext().isEmpty)
    }

    @Test func examplesOfTheTaskAndOfNoneComeBeforeTheQuestionInTheirOrder() {
        let context = ParticipantContext(
            system: "Be short.",
            examples: [example("1", task: "a"), example("2"), example("3", task: "b"), example("4", task: "a")]
        )
        func shown(_ task: String?) -> [String] { context.applied(to: question, task: task).map(\.content) }
        #expect(shown("a") == ["Be short.", "q 1", "a 1", "q 2", "a 2", "q 4", "a 4", "why?"])
        #expect(shown("c") == ["Be short.", "q 2", "a 2", "why?"])
        #expect(shown(nil) == shown("c"))
        #expect(context.applied(to: question, task: nil).map(\.role) == ["system", "user", "assistant", "user"])
    }

    @Test func aSystemMessageOfTheConversationFollowsInTheSameMessage() {
        let conversation = [Message(role: "system", content: "Of the prompt.")] + question
        let both = ParticipantContext(system: "Of the proposer.", examples: [example("1")])
        #expect(
            both.applied(to: conversation, task: nil).map(\.content) == [
                "Of the proposer.\n\nOf the prompt.", "q 1", "a 1", "why?",
            ]
        )
        let shown = ParticipantContext(examples: [example("1")])
        #expect(shown.applied(to: conversation, task: nil).map(\.content) == ["Of the prompt.", "q 1", "a 1", "why?"])
    }

    @Test func questionsAreFoundAloneAndAfterWhatWasSaidBefore() {
        let turns = ExampleRow(
            messages: ["one", "1", "two", "2"].enumerated().map {
                Message(role: $0.offset % 2 == 0 ? "user" : "assistant", content: $0.element)
            }
        )
        for asked in [[turns.messages[0]], [turns.messages[2]], Array(turns.messages[...2])] {
            #expect(turns.questions.contains(PromptDigest.ofQuestion(asked)))
        }
        #expect(!turns.questions.contains(PromptDigest.ofQuestion([turns.messages[1]])))
    }
}
