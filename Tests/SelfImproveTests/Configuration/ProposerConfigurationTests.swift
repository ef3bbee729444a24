import Foundation
import LocalLM
import ModelFiles
import Testing
import TestSupport

@testable import SelfImprove

/// Proposers as names and as sections.
@Suite struct ProposerConfigurationTests {
    private static let names = "  proposers: [letters, numbers, words, champion]"

    /// The reduced campaign with other proposers, each a line of its own from line 10 on.
    private func yaml(_ proposers: [String], _ changes: [(String, String)] = []) -> String {
        let lines = ["  proposers:"] + proposers.map { "    - \($0)" }
        return ReducedCampaign.yaml([(Self.names, lines.joined(separator: "\n"))] + changes)
    }

    private func configuration(_ yaml: String, in folder: URL) throws -> CampaignConfiguration {
        try CampaignConfiguration.parse(yaml, name: "c.yaml", directory: folder)
    }

    private func faults(_ yaml: String, in folder: URL = URL(fileURLWithPath: "/nowhere"), within: URL? = nil)
        -> [String]
    {
        do {
            _ = try CampaignConfiguration.parse(yaml, name: "c.yaml", directory: folder, within: within)
            return []
        } catch { return "\(error)".split(separator: "\n").map(String.init) }
    }

    private func write(_ text: String, _ name: String, to folder: URL) throws {
        try Data(text.utf8).write(to: folder.appendingPathComponent(name))
    }

    private let solved =
        #"{"messages": [{"role": "user", "content": "add 1 2"}, {"role": "assistant", "content": "3"}]}"#

    @Test func namesAndSectionsStandInOneList() throws {
        try withTemporaryDirectory { folder in
            try write(
                solved + "\n" + solved.replacingOccurrences(of: #"{"messages""#, with: #"{"task": "sort", "messages""#),
                "examples.jsonl",
                to: folder
            )
            let read = try configuration(
                yaml(
                    [
                        "letters", "letters", "champion", "initial",
                        "{name: shown, model: champion, system: Be short., examples: examples.jsonl, temperature: 0.9, "
                            + "top_p: 0.8, top_k: 20, maximum_tokens: 9, samples: 3}",
                        "{name: plain, model: initial}", "{model: words, samples: 2}",
                    ],
                    [("  aggregator: words", "  aggregator: initial")]
                ),
                in: folder
            )
            let messages = [Message(role: "user", content: "add 1 2"), Message(role: "assistant", content: "3")]
            #expect(
                read.mixture.proposers == [
                    Participant("letters"), Participant("letters"), .champion, Participant(.initial),
                    Participant(
                        name: "shown",
                        model: .champion,
                        context: ParticipantContext(
                            system: "Be short.",
                            examples: [ExampleRow(messages: messages), ExampleRow(task: "sort", messages: messages)]
                        ),
                        sampling: SamplingChoice(temperature: 0.9, topP: 0.8, topK: 20, maximumTokens: 9),
                        samples: 3
                    ),
                    Participant(name: "plain", model: .initial),
                    Participant(name: "words", model: .peer("words"), samples: 2),
                ]
            )
            #expect(read.mixture.draftsPerPrompt == 10)
            #expect(read.mixture.aggregator == .participant(Participant(.initial)))
        }
    }

    /// What the proposers were shown is part of what the campaign was asked to do.
    @Test func examplesAreKeptWithTheConfigurationAndAChangedFileIsADifference() throws {
        try withTemporaryDirectory { folder in
            try write(solved, "examples.jsonl", to: folder)
            let yaml = yaml(["{name: shown, model: champion, examples: examples.jsonl}", "words"])
            let before = try configuration(yaml, in: folder)
            let stored = try CampaignConfiguration(stored: JSONText(before), campaign: "reduced")
            #expect(stored == before)
            #expect(try stored.differences(from: configuration(yaml, in: folder)) == [])
            try write(solved + "\n" + solved, "examples.jsonl", to: folder)
            #expect(try stored.differences(from: configuration(yaml, in: folder)) == ["mixture.proposers"])
        }
    }

    @Test func aConfigurationThatNamesProposersAloneIsStoredAsBefore() throws {
        let text = try JSONText(ReducedCampaign.configuration()).text
        #expect(text.contains(#""proposers":["letters","numbers","words","champion"]"#))
    }

    /// A proposer, and the one line that must come of it.
    static let mistakes: [(proposer: String, line: String)] = [
        (
            "digits",
            "c.yaml:9: mixture.proposers: names the unknown peer \"digits\" (known: letters, numbers, words, champion, initial)"
        ),
        ("[letters]", "c.yaml:11: mixture.proposers: holds a list (names and sections)"),
        (
            "{name: a, model: digits}",
            "c.yaml:11: mixture.proposers[2].model: names the unknown peer \"digits\" (known: letters, numbers, words, champion, initial)"
        ),
        ("{name: a}", "c.yaml:11: mixture.proposers[2].model: is missing (it has no default)"),
        (
            "{name: a, model: words, exmples: f}",
            "c.yaml:11: mixture.proposers[2].exmples: unknown key (did you mean examples?)"
        ),
        ("{name: a b, model: words}", "c.yaml:11: mixture.proposers[2].name: is \"a b\" (letters, digits, - and _)"),
        (
            "{name: numbers, model: champion}",
            "c.yaml:11: mixture.proposers[2].name: is \"numbers\", which means something else here (choose another name)"
        ),
        (
            "{name: mixture, model: champion}",
            "c.yaml:11: mixture.proposers[2].name: is \"mixture\", which means something else here (choose another name)"
        ),
        (
            "{model: letters}",
            "c.yaml:11: mixture.proposers[2].name: duplicate name \"letters\" (every proposer needs a name of its own)"
        ),
        (
            "{name: a, model: words, samples: 0}",
            "c.yaml:11: mixture.proposers[2].samples: is 0 (1 to 64)"
        ),
        (
            "{name: a, model: words, temperature: 0, samples: 2}",
            "c.yaml:11: mixture.proposers[2].samples: is 2, but temperature 0 gives the same answer every time (set a temperature above 0, or leave samples out)"
        ),
        ("{name: a, model: words, temperature: 9}", "c.yaml:11: mixture.proposers[2].temperature: is 9 (0.0 to 5.0)"),
        ("{name: a, model: words, top_p: 0}", "c.yaml:11: mixture.proposers[2].top_p: is 0 (above 0, at most 1)"),
        (
            "{name: a, model: words, examples: nowhere.jsonl}",
            "c.yaml:11: mixture.proposers[2].examples: there is no file /nowhere/nowhere.jsonl (relative paths are relative to this file)"
        ),
    ]

    @Test(arguments: mistakes.indices) func everyMistakeGetsOneClearLine(index: Int) {
        let mistake = Self.mistakes[index]
        #expect(faults(yaml(["letters", mistake.proposer])) == [mistake.line])
    }

    @Test func twoSectionsNeedTwoNames() {
        #expect(
            faults(yaml(["{name: a, model: words}", "{name: a, model: champion}"])) == [
                "c.yaml:11: mixture.proposers[2].name: duplicate name \"a\" (every proposer needs a name of its own)"
            ]
        )
    }

    /// Rows that are no examples, by their text, and what is said of them.
    static let badRows: [(row: String, words: String)] = [
        (#"{"prompt": "a", "completion": "b"}"#, "messages is missing (a list of messages with role and content)"),
        ("{", "examples.jsonl:2"), (#"{"messages": []}"#, "messages is empty"),
        (#"{"messages": [{"role": "user", "content": "q"}]}"#, "ends with the role \"user\""),
        (
            #"{"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]}"#,
            "messages hold the role \"system\""
        ),
        (#"{"messages": [{"role": "assistant", "content": "a"}]}"#, "messages begin with the assistant's"),
    ]

    @Test(arguments: badRows.indices) func aRowThatIsNoExampleIsNamedWithItsLine(index: Int) throws {
        try withTemporaryDirectory { folder in
            try write(solved + "\n" + Self.badRows[index].row, "examples.jsonl", to: folder)
            let lines = faults(yaml(["{name: a, model: words, examples: examples.jsonl}"]), in: folder)
            #expect(lines.count == 1 && lines[0].contains(Self.badRows[index].words), "\(lines)")
            #expect(
                lines[0].hasPrefix("c.yaml:10: mixture.proposers[1].examples: \(folder.path)/examples.jsonl:2: "),
                "\(lines)"
            )
        }
    }

    @Test func aContextWithoutRoomForAQuestionIsRefused() throws {
        try withTemporaryDirectory { folder in
            let rows = (0..<20).map {
                #"{"task": "\#($0 < 15 ? "add" : "sub")", "messages": [{"role": "user", "content": "abcdefgh"}, {"role": "assistant", "content": "3"}]}"#
            }
            try write(rows.joined(separator: "\n"), "examples.jsonl", to: folder)
            let lines = faults(yaml(["{name: a, model: words, examples: examples.jsonl}"]), in: folder)
            #expect(lines.count == 1)
            #expect(
                lines.first?.contains("tokens before a prompt of add; the model has 160 positions") == true,
                "\(lines)"
            )
        }
    }

    @Test func examplesThatNoPromptWouldSeeAreRefused() throws {
        try withTemporaryDirectory { folder in
            func example(_ task: String) -> String {
                #"{"task": "\#(task)", "messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}"#
            }
            try write(example("addd") + "\n" + example("city"), "examples.jsonl", to: folder)
            let lines = faults(yaml(["{name: a, model: words, examples: examples.jsonl}"]), in: folder)
            #expect(lines.count == 1, "\(lines)")
            #expect(
                lines.first?.hasPrefix(
                    "c.yaml:10: mixture.proposers[1].examples: none belongs to a task of the prompts: they are of addd, city, the prompts of add, "
                ) == true,
                "\(lines)"
            )
            try write(example("addd") + "\n" + example("add"), "examples.jsonl", to: folder)
            #expect(faults(yaml(["{name: a, model: words, examples: examples.jsonl}"]), in: folder) == [])
        }
    }

    @Test func anExampleThatAsksAHeldOutPromptIsRefused() throws {
        try withTemporaryDirectory { folder in
            try write(solved, "examples.jsonl", to: folder)
            // Another system message, and white space, make no other question of it.
            let asked =
                #"{"prompt": [{"role": "system", "content": "s"}, {"role": "user", "content": " add 1 2"}], "answer": "3"}"#
            try write(#"{"prompt": "add 3 4", "answer": "7"}"#, "gate.jsonl", to: folder)
            try write(asked, "report.jsonl", to: folder)
            let lines = faults(
                yaml(
                    ["{name: a, model: words, examples: examples.jsonl}"],
                    [("  gate_prompts: 48", "  gate: gate.jsonl\n  report: report.jsonl")]
                ),
                in: folder
            )
            #expect(
                lines == [
                    "c.yaml:10: mixture.proposers[1].examples: example 1 of \(folder.path)/examples.jsonl asks a prompt of the report set (take it out: what is evaluated must not be shown)"
                ]
            )
        }
    }

    @Test func aRequestNamesNoExamplesOutsideOfTheState() throws {
        try withTemporaryDirectory { folder in
            try write("secret", "examples.jsonl", to: folder)
            let lines = faults(
                yaml(["{name: a, model: words, examples: examples.jsonl}"]),
                in: folder,
                within: folder.appendingPathComponent("state")
            )
            #expect(
                lines == [
                    "c.yaml:10: mixture.proposers[1].examples: lies outside of what a request may name (a file within the state directory)"
                ]
            )
        }
    }
}
