import Testing
import Foundation
import LocalLM
@testable import SelfImprove
@Suite struct TuneTests {
  @Test func tune() async throws {
    let env = ProcessInfo.processInfo.environment
    let seed = UInt64(env["TSEED"] ?? "1")!
    let kind = NurseryConfiguration.Kind(rawValue: env["TKIND"] ?? "learning")!
    let n = Nursery(NurseryConfiguration(kind: kind, scale: Double(env["TSCALE"] ?? "1")!, seed: seed), campaignSeed: 1, threads: 2)
    let clock = ContinuousClock(); let t0 = clock.now
    let models = try await n.train(progress: StepProgress())
    print("TRAIN", clock.now - t0, n.tokens)
    let set = try NurseryPrompts.evaluation(.gate, count: 1200, seed: 5)
    var confidence: [String: [(String, Double)]] = [:]
    var lms: [String: LocalModel] = [:]
    for name in models.keys.sorted() {
      let m = try LocalModel(name: name, digest: "", checkpoint: models[name]!, threads: 2); lms[name] = m
      let a = try await m.answer(set.items.map { ChatRequest(messages: $0.messages, key: 0) }, sampling: Sampling(maximumTokens: 16), progress: { _ in }).map { $0[0] }
      let r = EvaluationResult(set, outputs: a.map(\.text))
      print(name, r.score.value, r.slices.map { "\($0.slice) \($0.correct)" }.joined(separator: ", "))
      confidence[name] = a.map { ($0.text, $0.meanLogprob!) }
    }
    let peers = ["letters", "numbers", "words"]
    var sorted: [[(String, Double)]] = []
    for i in set.items.indices {
      var c = peers.map { confidence[$0]![i] }
      c.sort { $0.1 > $1.1 }
      c.append(confidence["student"]![i])
      sorted.append(c)
    }
    let mix = EvaluationResult(set, outputs: sorted.map { $0[0].0 })
    print("most confident", mix.score.value, mix.slices.map { "\($0.slice) \($0.correct)" }.joined(separator: ", "))
    for agg in ["words","aggregator"] where models[agg] != nil {
      let a = try await lms[agg]!.answer(set.items.indices.map { ChatRequest(messages: AggregationPrompt.nursery.messages(set.items[$0].messages, candidates: sorted[$0].map(\.0)), key: 0) }, sampling: Sampling(maximumTokens: 16), progress: { _ in }).map { $0[0].text }
      let r = EvaluationResult(set, outputs: a)
      let keep = set.items.indices.filter { a[$0] == sorted[$0][0].0 }
      print("aggregator", agg, r.score.value, "agree", keep.count, "right", keep.filter { mix.answers[$0].correct }.count, r.slices.map { "\($0.slice) \($0.correct)" }.joined(separator: ", "))
    }
    for th in [-0.1, -0.05, -0.02, -0.01, -0.005] {
      let keep = set.items.indices.filter { sorted[$0][0].1 >= th }
      print("threshold", th, keep.count, Double(keep.filter { mix.answers[$0].correct }.count) / Double(keep.count))
    }
    print("vocab", try Nursery.tokenizer().vocabularySize)
  }
}
