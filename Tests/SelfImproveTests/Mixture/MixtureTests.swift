import LocalLM
import ModelFiles
import Synchronization
import Testing
import TestSupport

@testable import SelfImprove

@Suite struct MixtureTests {
    private let sampling = Sampling(maximumTokens: 16)

    private func mixture(
        _ proposers: [ScriptedModel],
        aggregator: ScriptedModel,
        prompt: AggregationPrompt,
        layers: Int = 2,
        confidence: Confidence = .own,
        champion: String? = nil,
        scorers: [ScriptedModel] = []
    ) -> Mixture {
        Mixture(
            proposers: proposers.map { proposer($0, $0.name == champion ? .champion : .peer) },
            aggregator: .participant(proposer(aggregator, .peer)),
            prompt: prompt,
            layers: layers,
            confidence: confidence,
            scorers: scorers
        )
    }

    private func proposer(_ model: ScriptedModel, _ role: ParticipantRole) -> Proposer {
        Proposer(name: model.name, role: role, model: model, sampling: sampling)
    }

    private func instructions(_ texts: [String]) -> [Instruction] {
        texts.enumerated().map { .init(messages: [Message(role: "user", content: $0.element)], key: UInt64($0.offset)) }
    }

    /// A published mixture sent dictionary keys instead of answers, and nobody noticed (docs/METHOD.md, section 3).
    @Test(arguments: AggregationPrompt.all) func everyDraftStandsInItsAggregationPromptExactlyOnce(
        prompt: AggregationPrompt
    ) async throws {
        let proposers = ["a", "b", "c"].map { name in
            ScriptedModel(name) { "SENTINEL-\(name)-\($0.messages.last!.content)-END" }
        }
        let aggregator = ScriptedModel("aggregator") { _ in "final" }
        let mixture = mixture(proposers, aggregator: aggregator, prompt: prompt)
        let instructions = instructions(["one", "two", "three"])
        let (layers, _) = try await mixture.propose(instructions)
        _ = try await mixture.aggregate(instructions, drafts: layers[0])
        #expect(aggregator.asked.count == 3)
        for (request, instruction) in zip(aggregator.asked, instructions) {
            let shown = request.messages.map(\.content).joined(separator: "\n")
            for name in ["a", "b", "c"] {
                for other in ["one", "two", "three"] {
                    let times = shown.components(separatedBy: "SENTINEL-\(name)-\(other)-END").count - 1
                    #expect(times == (other == instruction.messages[0].content ? 1 : 0), "\(name)'s draft to \(other)")
                }
            }
            #expect(request.messages.last == instruction.messages[0], "the user's turn stays as it is")
            #expect(request.messages.count == 2)
        }
    }

    @Test func aSystemMessageThatIsThereIsAppendedTo() {
        let conversation = [Message(role: "system", content: "Be brief."), Message(role: "user", content: "Why?")]
        let shown = AggregationPrompt.moa.messages(conversation, candidates: ["because", "{answer} {number}"])
        #expect(shown.count == 2)
        #expect(shown[0].content.hasPrefix("Be brief.\n\n"))
        #expect(shown[0].content.hasSuffix("\n1. because\n2. {answer} {number}"), "candidates are data, not templates")
        #expect(shown[1] == conversation[1])
        #expect(conversation[0].content == "Be brief.", "the caller's messages are not changed")
    }

    @Test func candidatesAreShownBestFirst() async throws {
        let sure = ScriptedModel("sure", score: { _ in -0.1 }) { _ in "sure" }
        let unsure = ScriptedModel("unsure", score: { _ in -2 }) { _ in "unsure" }
        let aggregator = ScriptedModel("aggregator") { _ in "x" }
        let mixture = mixture([unsure, sure], aggregator: aggregator, prompt: .nursery)
        let (layers, _) = try await mixture.propose(instructions(["q"]))
        _ = try await mixture.aggregate(instructions(["q"]), drafts: layers[0])
        #expect(aggregator.asked[0].messages[0].content == "<|sep|>sure<|sep|>unsure")
    }

    /// Its over-confidence would feed back: every round would make it surer of itself.
    @Test func theChampionsConfidenceInItselfIsNotListenedTo() async throws {
        let champion = ScriptedModel("champion", score: { _ in 0 }) { _ in "mine" }
        let peer = ScriptedModel("peer", score: { _ in -5 }) { _ in "theirs" }
        let aggregator = ScriptedModel("aggregator") { _ in "x" }
        let own = mixture([champion, peer], aggregator: aggregator, prompt: .nursery, champion: "champion")
        let drafts = try await own.propose(instructions(["q"])).layers[0][0]
        #expect(drafts[0].confidence == nil)
        #expect(own.ordered(drafts).map(\.answer.text) == ["theirs", "mine"])

        let scored = mixture(
            [champion, peer],
            aggregator: aggregator,
            prompt: .nursery,
            confidence: .peers,
            champion: "champion",
            scorers: [peer]
        )
        let judged = try await scored.propose(instructions(["q"])).layers[0][0]
        #expect(judged.map(\.confidence) == [-5, -5], "by the peers alone")
    }

    /// `copies` is surer of one answer, but not of the task; and another task is its own.
    @Test func whoIsSurestOfATaskHasItsPrompts() async throws {
        let copies = ScriptedModel("copies", score: { $0.contains("q1") ? -0.1 : $0.contains("q") ? -2 : -0.2 }) {
            request in
            "copies \(request.messages.last!.content)"
        }
        let knows = ScriptedModel("knows", score: { $0.contains("q") ? -0.5 : -1 }) { request in
            "knows \(request.messages.last!.content)"
        }
        let champion = ScriptedModel("champion", score: { _ in 0 }) { _ in "mine" }
        var mixture = mixture([champion, copies, knows], aggregator: knows, prompt: .nursery, champion: "champion")
        mixture.aggregator = .rule(.surestOfTask)
        var asked = instructions(["q1", "q2", "q3", "other"])
        for i in 0..<3 { asked[i].task = "words" }
        asked[3].task = "copying"
        let drafts = try await mixture.propose(asked).layers[0]
        let answers = try await mixture.aggregate(asked, drafts: drafts).answers.map { $0?.text }
        #expect(answers == ["knows q1", "knows q2", "knows q3", "copies other"])
        #expect(mixture.ranked(asked, drafts)[0].map(\.answer.text) == ["knows q1", "copies q1", "mine"])
        let single = mixture.answers(to: asked, of: drafts, by: .mostConfident).map { $0?.text }
        #expect(single == ["copies q1", "knows q2", "knows q3", "copies other"])
        #expect(mixture.answers(to: asked, of: [[], [], [], []], by: .surestOfTask) == [nil, nil, nil, nil])
    }

    @Test func inAThirdLayerEveryProposerSeesTheDraftsOfTheLayerBefore() async throws {
        let proposers = ["a", "b"].map { name in
            ScriptedModel(name) { $0.messages.count == 1 ? "first-\(name)" : "second-\(name)" }
        }
        let aggregator = ScriptedModel("aggregator") { _ in "final" }
        let mixture = mixture(proposers, aggregator: aggregator, prompt: .nursery, layers: 3)
        let instructions = instructions(["q"])
        let (layers, _) = try await mixture.propose(instructions)
        #expect(layers.count == 2)
        #expect(proposers[0].asked[1].messages[0].content == "<|sep|>first-a<|sep|>first-b")
        _ = try await mixture.aggregate(instructions, drafts: layers[1])
        #expect(aggregator.asked[0].messages[0].content == "<|sep|>second-a<|sep|>second-b")
    }

    @Test func aModelNamedTwiceProposesTwoIndependentSamples() async throws {
        let model = ScriptedModel("champion") { "\($0.key)" }
        let mixture = mixture([model, model], aggregator: model, prompt: .nursery)
        let drafts = try await mixture.propose(instructions(["q"])).layers[0][0]
        #expect(drafts[0].answer.text != drafts[1].answer.text)
    }

    /// The engine tells samples apart by their index, so one answer has the key that it always had.
    @Test func samplesOfAProposerAreDraftsOfTheirOwn() async throws {
        let counter = Mutex(0)
        let many = ScriptedModel("many") { _ in
            counter.withLock {
                $0 += 1
                return "many \($0)"
            }
        }
        let one = ScriptedModel("one") { _ in "one" }, aggregator = ScriptedModel("aggregator") { _ in "x" }
        var mixture = mixture([many, one], aggregator: aggregator, prompt: .nursery, confidence: .none)
        let single = try await mixture.propose(instructions(["q"])).usage
        mixture.proposers[0].samples = 3
        let reports = Mutex<[StepProgress.Report]>([])
        let (layers, usage) = try await mixture.propose(
            instructions(["q", "r"]),
            progress: StepProgress { report in reports.withLock { $0.append(report) } }
        )
        #expect(layers[0].allSatisfy { $0.map(\.proposer) == [0, 0, 0, 1] && $0.map(\.sample) == [0, 1, 2, 0] })
        #expect(layers[0][0].map(\.answer.text) == ["many 2", "many 3", "many 4", "one"])
        #expect(many.asked.map(\.samples) == [1, 3, 3] && many.asked[0].key == many.asked[1].key)
        #expect(usage.generated > 2 * single.generated)
        #expect(reports.withLock { $0.last.map { $0.done == 8 && $0.total == 8 } } == true)
        _ = try await mixture.aggregate(instructions(["q", "r"]), drafts: layers[0])
        #expect(aggregator.asked[0].messages[0].content == "<|sep|>many 2<|sep|>many 3<|sep|>many 4<|sep|>one")
    }

    // MARK: How candidates are shown

    @Test func candidatesAreShownInTheOrderThatIsChosen() async throws {
        let names = ["a", "b", "c", "d"]
        let proposers = names.enumerated().map { place, name in
            ScriptedModel(name, score: { _ in -Double(4 - place) }) { _ in name }
        }
        func shown(_ order: MixtureSettings.Order?, _ texts: [String] = ["q"]) async throws -> [String] {
            let aggregator = ScriptedModel("aggregator") { _ in "x" }
            var mixture = mixture(proposers, aggregator: aggregator, prompt: .nursery)
            mixture.settings.order = order
            let instructions = instructions(texts)
            let drafts = try await mixture.propose(instructions).layers[0]
            _ = try await mixture.aggregate(instructions, drafts: drafts)
            return aggregator.asked.map { $0.messages[0].content.replacing("<|sep|>", with: "") }
        }
        #expect(try await shown(.listed) == ["abcd"])
        #expect(try await shown(.confidence) == ["dcba"])
        #expect(try await shown(nil) == ["dcba"], "by confidence, where it is measured")
        let many = (0..<64).map { "q\($0)" }
        let shuffled = try await shown(.shuffled, many)
        #expect(try await shown(.shuffled, many) == shuffled, "the same every time")
        #expect(Set(shuffled).count > 12 && shuffled.allSatisfy { $0.sorted() == ["a", "b", "c", "d"] })
        for name in names {
            #expect((6...28).contains(shuffled.count { $0.hasPrefix(name) }), "\(name) is not always first")
        }
    }

    @Test func candidatesThatDoNotFitAreCutAtTheirEndsAlike() async throws {
        let proposers = [100, 40].map { length in
            ScriptedModel("\(length)") { _ in String(repeating: "\(length % 7)", count: length) }
        }
        // It reads 70 characters; a question of its own is never cut.
        let aggregator = ScriptedModel("aggregator") { request in
            request.messages.reduce(0) { $0 + $1.content.count } > 70 ? nil : "x"
        }
        var mixture = mixture(proposers, aggregator: aggregator, prompt: .nursery)
        let instructions = instructions(["q", String(repeating: "q", count: 80)])
        let drafts = try await mixture.propose(instructions).layers[0]
        let none = try await mixture.aggregate(instructions, drafts: drafts)
        #expect(none.answers.allSatisfy { $0 == nil }, "nothing fits: each costs its prompt")
        mixture.settings.tooLong = .shorten
        let aggregation = try await mixture.aggregate(instructions, drafts: drafts)
        #expect(aggregation.answers.map { $0?.text } == ["x", nil])
        #expect(aggregation.shares[0] == 0.75 * 0.75 * 0.75 * 0.75)
        let seen = try #require(aggregator.asked.last { $0.messages.last?.content == "q" }).messages[0].content
        #expect(seen == "<|sep|>\(String(repeating: "2", count: 31))<|sep|>\(String(repeating: "5", count: 12))")
    }

    @Test func belowItsQuorumAPromptIsNotAggregated() async throws {
        let fails = ScriptedModel("fails") { $0.messages.last?.content == "q" ? nil : "a" }
        let aggregator = ScriptedModel("aggregator") { _ in "x" }
        var mixture = mixture([fails, ScriptedModel("works") { _ in "b" }], aggregator: aggregator, prompt: .nursery)
        mixture.settings.minimumDrafts = 2
        let instructions = instructions(["q", "r"])
        let drafts = try await mixture.propose(instructions).layers[0]
        let answers = try await mixture.aggregate(instructions, drafts: drafts).answers
        #expect(answers.map { $0?.text } == [nil, "x"] && aggregator.asked.count == 1)
    }

    @Test func aPromptOfAFileIsReadAsStrictlyAsTheProgramsOwn() throws {
        let own = try AggregationPrompt(name: "my.txt", words: "Read these.\n---\n{number}) {answer}\\n")
        let shown = own.messages([Message(role: "user", content: "q")], candidates: ["a", "b"])
        #expect(shown[0].content == "Read these.1) a\n2) b\n")
        let again = try JSONText(own).decode(AggregationPrompt.self)
        #expect(again == own && again.digest == own.digest && own.digest != AggregationPrompt.moa.digest)
        #expect(try JSONText(AggregationPrompt.moa).text == "\"moa\"", "as earlier versions kept it")
        for (words, says) in [
            ("no line", "one line ---"), ("a\n---\nb\n---\n{answer}", "one line ---"),
            ("a\n---\n{number}", "{answer} once"),
            ("a\n---\n{answer}{answer}", "{answer} once"), ("a\n---\n{answer} {other}", "begins neither"),
        ] {
            #expect {
                try AggregationPrompt(name: "f", words: words)
            } throws: {
                "\($0)".contains(says)
            }
        }
    }
}
