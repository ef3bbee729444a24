import Foundation
import Testing
import SelfImprove
import TestSupport

@testable import LocalLM
@testable import ModelFiles

/// What other trainers got wrong, one claim each.
@Suite struct NumericsTests {
    private let c = TinyModels.configuration()
    private var rows: [Example] { TinyModels.examples(8, vocabulary: c.vocabularySize, seed: 31, longest: 40) }

    private func settings(steps: Int = 4, rate: Double = 1e-2) -> OptimizationSettings {
        OptimizationSettings(
            optimizer: .adamW,
            learningRate: rate,
            schedule: .constant,
            totalSteps: steps,
            weightDecay: 0.01
        )
    }

    private func difference(_ a: Weights, _ b: Weights) -> Float {
        zip(a.buffer.values, b.buffer.values).map { abs($0 - $1) }.max()!
    }

    /// transformers 34191, trl 2175, mlx-lm 1544: a mean of means weighs short rows more.
    @Test func accumulatingEightTimesOneRowEqualsOneBatchOfEight() throws {
        let whole = TinyModels.weights(c, seed: 30), pieces = whole.copy()
        let a = try SFTTrainer(weights: whole, settings: settings(), threads: 1),
            b = try SFTTrainer(weights: pieces, settings: settings(), threads: 1)
        #expect(Set(rows.map(\.targetCount)).count > 3, "ragged")
        for _ in 0..<3 {
            let one = try a.step(rows), eight = try b.step(rows.map { [$0] })
            #expect(abs(one.loss - eight.loss) < 1e-5 && abs(one.gradientNorm - eight.gradientNorm) < 1e-4)
        }
        #expect(difference(whole, pieces) < 2e-4)
    }

    @Test func theLossIsTheMeanOverAllTargetTokensAndOverNothingElse() throws {
        let weights = TinyModels.weights(c, seed: 32)
        let logprobs = try InferenceEngine(weights: weights, threads: 1).logprobs(of: rows).joined().map(Double.init)
        #expect(
            logprobs.count == rows.reduce(0) { $0 + $1.ids.count - $1.promptCount },
            "the completion, and nothing of the prompt"
        )
        let step = try SFTTrainer(weights: weights, settings: settings(), threads: 2).step(rows)
        #expect(abs(step.loss + logprobs.reduce(0, +) / Double(logprobs.count)) < 1e-4)
        #expect(step.targetTokens == logprobs.count)
        #expect(step.tokens == rows.reduce(0) { $0 + $1.ids.count }, "no padding goes through the model")
    }

    private func nursery(pad: Int) throws -> Checkpoint {
        let tokenizer = try Tokenizer.nursery(words: [" the"])
        let configuration = ModelConfiguration(
            hiddenSize: 16,
            intermediateSize: 24,
            layerCount: 1,
            headCount: 2,
            keyValueHeadCount: 2,
            vocabularySize: tokenizer.vocabularySize,
            maximumPositions: 64,
            eosTokenIDs: [1],
            padTokenID: pad
        )
        return Checkpoint(
            weights: Initialization.gaussian(configuration, standardDeviation: 0.3, seed: 1),
            tokenizer: tokenizer,
            template: .nursery
        )
    }

    /// trl 976, 1623, 3091: masked as padding, the terminator is never learned and generation never ends.
    @Test(arguments: [0, 1]) func theTurnTerminatorIsTrainedAlsoWhereItIsThePadToken(pad: Int) throws {
        let model = try nursery(pad: pad)
        let example = try #require(try model.example(prompt: [Message(role: "user", content: "ab")], completion: "ba"))
        #expect(example.ids.last == 1 && example.targetCount == 3, "b, a, end")
        let weights = model.weights.copy()
        let trainer = try SFTTrainer(weights: weights, settings: settings(steps: 60, rate: 0.02), threads: 1)
        for _ in 0..<60 { _ = try trainer.step([example]) }
        let request = GenerationRequest(ids: Array(example.ids.prefix(example.promptCount)), key: 1)
        let answer = try InferenceEngine(weights: weights, threads: 1).generate(
            [request],
            sampling: Sampling(maximumTokens: 10)
        )[0][0]
        #expect(answer.ids == Array(example.ids.suffix(3)) && answer.finishReason == .stop)
    }

    @Test func lookingUpThePadTokenTrainsNothing() throws {
        let padded = TinyModels.configuration(tied: false, pad: 5)
        let weights = TinyModels.weights(padded, seed: 33), before = weights.copy()
        let trainer = try SFTTrainer(
            weights: weights,
            settings: OptimizationSettings(optimizer: .adamW, learningRate: 0.01, schedule: .constant, totalSteps: 1),
            threads: 1
        )
        _ = try trainer.step([Example(ids: [5, 7, 5, 9], promptCount: 3)])
        let table = try #require(weights.layout.tensors.first)
        func row(_ w: Weights, _ id: Int) -> [Float] {
            Array(UnsafeBufferPointer(start: w.pointer(table) + id * padded.hiddenSize, count: padded.hiddenSize))
        }
        #expect(row(weights, 5) == row(before, 5))
        #expect(row(weights, 7) != row(before, 7))
    }

    /// OpenRLHF 393: a BOS by the tokenizer on top of the template's.
    @Test func theTemplateAloneWritesSpecialTokensAndTheAnswerFollowsItsPrompt() throws {
        let model = try nursery(pad: 0)
        let prompt = [Message(role: "user", content: "ab")]
        let ids = try model.promptIDs(prompt)
        #expect(
            ids.filter { $0 == Tokenizer.NurseryToken.ask.id }.count == 1 && ids.first == Tokenizer.NurseryToken.ask.id
        )
        #expect(ids.last == Tokenizer.NurseryToken.answer.id)
        let example = try #require(try model.example(prompt: prompt, completion: "ba"))
        #expect(
            example.ids.starts(with: ids) && example.promptCount == ids.count,
            "generation and training see the same prompt"
        )
    }

    @Test func rowsAndBatchesWithoutTargetsAreRefusedAndTheWeightsStay() throws {
        let weights = TinyModels.weights(c, seed: 34), before = weights.copy()
        let trainer = try SFTTrainer(weights: weights, settings: settings(), threads: 2)
        #expect(throws: LocalLMError.self) { try trainer.step([Example(ids: [1, 2, 3], promptCount: 3)]) }
        #expect(throws: LocalLMError.self) { try trainer.step([rows[0], Example(ids: [1], promptCount: 0)]) }
        #expect(throws: LocalLMError.self) { try trainer.step([Example]()) }
        #expect(throws: LocalLMError.self) { try trainer.step([Example(ids: [1, 99], promptCount: 1)]) }
        #expect(difference(weights, before) == 0)
        #expect(try trainer.step(rows).loss.isFinite)
    }

    private var pairs: [PreferenceExample] {
        let other = TinyModels.examples(8, vocabulary: c.vocabularySize, seed: 35, longest: 40)
        return zip(rows, other).map { a, b in
            let prompt = Array(a.ids.prefix(a.promptCount))
            return PreferenceExample(
                chosen: a,
                rejected: Example(ids: prompt + b.ids.suffix(b.targetCount), promptCount: prompt.count)
            )
        }
    }

    @Test(arguments: [1, 2]) func beforeItsFirstStepDPOIsLnTwoWithMarginsOfExactlyZero(threads: Int) throws {
        let trainer = try DPOTrainer(
            weights: TinyModels.weights(c, seed: 36),
            settings: settings(),
            beta: 0.1,
            threads: threads
        )
        let referenced = try trainer.reference(pairs)
        let first = try trainer.step(referenced)
        #expect(abs(first.loss - 2.0.logarithm()) < 1e-12)
        #expect(first.rewardMargin == 0 && first.rewardAccuracy == 0)
        let second = try trainer.step(referenced)
        #expect(second.loss < first.loss && second.rewardMargin! > 0)
    }

    /// The reference stays what it was, however far the policy goes: its logprobs are computed once.
    @Test func theMarginIsMeasuredAgainstTheReferenceAndNotAgainstTheLastStep() throws {
        let start = TinyModels.weights(c, seed: 36), policy = start.copy()
        let trainer = try DPOTrainer(weights: policy, settings: settings(), beta: 0.1, threads: 1)
        let referenced = try trainer.reference(pairs)
        for _ in 0..<3 { _ = try trainer.step(referenced) }
        let now = try InferenceEngine(weights: policy, threads: 1).logprobs(
            of: pairs.flatMap { [$0.chosen, $0.rejected] }
        ).map {
            $0.reduce(0.0) { $0 + Double($1) }
        }
        let expected = referenced.indices.reduce(0.0) {
            let chosen = now[2 * $1] - referenced[$1].referenceChosen
            let rejected = now[2 * $1 + 1] - referenced[$1].referenceRejected
            return $0 + 0.1 * (chosen - rejected) / Double(referenced.count)
        }
        #expect(abs(try trainer.step(referenced).rewardMargin! - expected) < 1e-3)
    }

    @Test func theLikelihoodTermKeepsTheChosenAnswerLikely() throws {
        func chosen(_ weight: Double) throws -> (loss: Double, logprob: Double) {
            let trainer = try DPOTrainer(
                weights: TinyModels.weights(c, seed: 37),
                settings: settings(steps: 12),
                beta: 0.1,
                nllWeight: weight,
                threads: 1
            )
            let referenced = try trainer.reference(pairs)
            let first = try trainer.step(referenced).loss
            var last = 0.0
            for _ in 0..<11 { last = try trainer.step(referenced).chosenLogprob! }
            return (first, last)
        }
        let without = try chosen(0), with = try chosen(1)
        #expect(with.loss > without.loss + 0.5)
        #expect(with.logprob > without.logprob + 1)
    }

    /// transformers 45851: two copies of a template that part ways.
    @Test func theTemplateIsSavedByteForByteInBothPlacesAndReadBack() throws {
        try withTemporaryDirectory { folder in
            let model = try nursery(pad: 0), place = folder.appendingPathComponent("model")
            let digest = try model.save(to: place)
            let file = try String(contentsOf: place.appendingPathComponent("chat_template.jinja"), encoding: .utf8)
            let settings = try JSONParser.parse(
                Data(contentsOf: place.appendingPathComponent("tokenizer_config.json")),
                context: ""
            )
            #expect(settings["chat_template"]?.string == file && file == ChatTemplate.nursery.source)
            let again = try Checkpoint.load(place)
            #expect(again.weights.buffer.values == model.weights.buffer.values)
            #expect(
                try again.store(in: folder.appendingPathComponent("models")) == digest,
                "loading and storing changes no byte"
            )
        }
    }

    @Test(arguments: [OptimizationSettings.Optimizer.adamW, .muon]) func trainingTwiceGivesTheSameBytes(
        optimizer: OptimizationSettings.Optimizer
    ) throws {
        func train() throws -> [Float] {
            let weights = TinyModels.weights(c, seed: 38)
            let settings = OptimizationSettings(
                optimizer: optimizer,
                learningRate: 5e-3,
                schedule: .linear,
                warmupSteps: 2,
                totalSteps: 6,
                weightDecay: 0.01
            )
            let trainer = try SFTTrainer(weights: weights, settings: settings, threads: 2)
            for _ in 0..<6 { _ = try trainer.step(rows) }
            return weights.buffer.values
        }
        #expect(try train() == train())
    }
}
