import Testing
import Foundation
import LocalLM
@testable import SelfImprove
import TestSupport
@testable import Scheduler
@Suite struct TuneCampaign {
  @Test func tuneCampaign() async throws {
    let env = ProcessInfo.processInfo.environment
    guard let state = env["TSTATE"] else { return }
    var c = TestCampaigns.learning(name: env["TNAME"] ?? "test", seed: UInt64(env["TSEED"] ?? "1")!, rounds: Int(env["TROUNDS"] ?? "3")!)
    let kind = env["TKIND"] ?? "learning"
    if kind == "elicitation" { TestCampaigns.elicitate(&c) }
    switch env["TVARIANT"] ?? "base" {
    case "single":
      c.mixture.proposers = [env["TTEACHER"]!]; c.mixture.aggregator = "most_confident"; c.mixture.filters.agreement = false
    case "selfmoa":
      c.mixture.proposers = ["champion", "champion", "champion", "champion"]; c.mixture.aggregator = "plurality"; c.mixture.temperature = 0.7
      c.mixture.confidence = .none; c.mixture.filters = .init(minimumConfidence: nil, agreement: false)
    case "nodpo": c.dpo.enabled = false
    case "ungated": c.gate.enabled = false; c.stop = StopCriteria(rounds: 6)
    case "rule": c.mixture.aggregator = "most_confident"
    case "rulenodpo": c.mixture.aggregator = "most_confident"; c.dpo.enabled = false
    default: break
    }
    if let n = env["TNLL"] { c.dpo.nllWeight = Double(n)! }
    if let n = env["TEPOCHS"] { c.dpo.epochs = Double(n)! }
    if let n = env["TBATCH"] { c.dpo.optimization.batchTokens = Int(n)! }
    if let n = env["TMARGIN"] { c.dpo.minimumMargin = Double(n)! }
    if let d = env["TDPO"] { c.dpo.optimization.learningRate = Double(d)! }
    if env["TADAM"] != nil { c.sft.optimization.optimizer = .adamw; c.sft.optimization.learningRate = 2e-3 }
    let lineage = try Lineage.open(state: URL(fileURLWithPath: state))
    let end = try await CampaignRunner(c, lineage: lineage, observe: { e in
      switch e {
      case .stepFinished(let s, let t): print(s, t)
      case .roundFinished(let r): print("ROUND", r.round, r.outcome!.rawValue, r.reason!, r.seconds)
      default: break
      }
    }).run()
    print(end)
    for e in try lineage.evaluations(c.campaign) where e.set == .report {
      print(e.round, e.name, e.score.value, e.slices.map { "\($0.slice) \($0.correct)" }.joined(separator: " "))
    }
    for r in try lineage.rounds(c.campaign) {
      let a = try lineage.answers(c.campaign, round: r.round)
      let why = Dictionary(grouping: a, by: { $0.reason ?? "kept" }).mapValues(\.count)
      print(r.round, why, "hard", a.filter { $0.kept && $0.hard }.count, "pairs", try lineage.pairs(c.campaign, round: r.round).count)
      for d in [r.sftModel, r.dpoModel].compactMap({ $0 }) { print(try lineage.model(d)!.settings.text) }
    }
  }
}
