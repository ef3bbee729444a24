import ArgumentParser
import Foundation
import Scheduler
import SelfImprove

struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Checks the machine, every byte of the state, and endpoints. Changes nothing.",
        discussion: """
            Reads all models and datasets and compares them with their digests. With a campaign's file it also asks \
            each of its endpoints some ten short questions, and says what falls away with what it cannot do. Ends \
            with 1 if something is damaged, or an endpoint does not answer.
            """
    )

    @OptionGroup var state: StateOptions
    @Argument(help: "YAML file of a campaign whose endpoints are asked.") var config: String?

    private struct Finding: Encodable {
        enum Level: String, Encodable { case ok, note, failed, damaged }
        var level: Level
        var what: String
        /// What an endpoint can do.
        var endpoint: EndpointProbe?
    }

    func run() async throws {
        var findings = machine()
        if try Lineage.exists(state: state.url) {
            findings += try self.lineage()
        } else {
            findings.append(Finding(level: .note, what: "no campaign has run in \(state.url.path) yet"))
        }
        if let config { findings += try await endpoints(config) }
        for finding in findings {
            if state.json {
                try Output.json(finding)
            } else {
                for line in Text.wrap("\(Text.padded(finding.level.rawValue, 9))\(finding.what)", width: 79, indent: 9)
                { Output.line(line) }
            }
        }
        if findings.contains(where: { $0.level == .damaged }) {
            throw SelfImproveError(.damaged, "the state is damaged: see above", context: state.url.path)
        }
        if findings.contains(where: { $0.level == .failed }) {
            throw SelfImproveError(.unreachable, "an endpoint does not answer: see above", context: config)
        }
    }

    private func endpoints(_ config: String) async throws -> [Finding] {
        let configuration = try CampaignConfiguration.read(URL(fileURLWithPath: config))
        var findings: [Finding] = []
        for peer in configuration.peers {
            guard case .endpoint(let settings) = peer.model else { continue }
            let probe = try await EndpointProbe.ask(settings, environment: ProcessInfo.processInfo.environment)
            let name = "\(peer.name): \(probe.model) at \(probe.endpoint)"
            if let failure = probe.failure {
                findings.append(Finding(level: .failed, what: "\(name): \(failure)", endpoint: probe))
                continue
            }
            let context = probe.contextLength.map { ", \($0) tokens of context" } ?? ""
            let time = Text.fixed(probe.seconds ?? 0, 2)
            findings.append(Finding(level: .ok, what: "\(name) answers in \(time) s\(context)", endpoint: probe))
            findings += probe.fallsAway.map { Finding(level: .note, what: "\(peer.name): \($0)") }
        }
        if findings.isEmpty { findings.append(Finding(level: .note, what: "\(config) has no peers behind endpoints")) }
        return findings
    }

    private func machine() -> [Finding] {
        let flags = Machine.flags
        let widest = flags.contains("avx512f") ? "AVX-512" : flags.contains("avx2") ? "AVX2" : "no AVX2"
        return [
            Finding(
                level: .ok,
                what:
                    "selfimprove \(ProgramVersion.current), \(ProcessInfo.processInfo.activeProcessorCount) cores, \(widest)"
            )
        ]
            + Machine.warnings.map { Finding(level: .note, what: $0) }
    }

    private func lineage() throws -> [Finding] {
        let lineage = try Lineage.openExisting(state: state.url)
        var findings: [Finding] = []
        let integrity = try lineage.integrity()
        findings.append(
            integrity.isSound
                ? Finding(level: .ok, what: "database: integrity and references")
                : Finding(
                    level: .damaged,
                    what: "database: \(integrity.complaint ?? "ok"), \(integrity.orphans) rows refer to what is gone"
                )
        )
        let freed = try lineage.collectedModels().filter {
            !FileManager.default.fileExists(atPath: lineage.files.modelDirectory($0).path)
        }
        if !freed.isEmpty {
            findings.append(Finding(level: .ok, what: "\(freed.count) models were freed by selfimprove gc"))
        }
        let models = try lineage.models().filter { !freed.contains($0.digest) }, datasets = try lineage.datasets()
        var damaged = 0
        func check(_ body: () throws -> Void) {
            do { try body() } catch {
                damaged += 1
                findings.append(Finding(level: .damaged, what: "\(error)"))
            }
        }
        for model in models {
            check { _ = try lineage.files.verified(model: model.digest) }
            if let adapter = model.adapter { check { try lineage.files.verify(adapter: adapter) } }
        }
        for dataset in datasets { check { _ = try lineage.files.read(dataset: dataset.digest) } }
        if damaged == 0 {
            findings.append(
                Finding(level: .ok, what: "\(models.count) models and \(datasets.count) datasets: every digest")
            )
        }
        findings +=
            try unnamed(lineage.files.models, known: Set(models.map(\.digest)))
            + unnamed(lineage.files.data, known: Set(datasets.map { $0.digest + ".jsonl" }))
        if let holder = StateLock.holder(state.url) {
            findings.append(Finding(level: .note, what: "process \(holder) is running a campaign here"))
        }
        return findings
    }

    /// Files that no row names: a process died between writing them and saying so. They harm nothing.
    private func unnamed(_ directory: URL, known: Set<String>) throws -> [Finding] {
        guard FileManager.default.fileExists(atPath: directory.path) else { return [] }
        return try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted().filter {
            !known.contains($0)
        }.map {
            Finding(level: .note, what: "\(directory.lastPathComponent)/\($0) is named by no row; it harms nothing")
        }
    }
}
