import Foundation
import LocalLM
import ModelFiles
import TestSupport
import Testing

/// Work that cannot be done is refused in a person's words, with the place, before it begins.
@Suite struct RefusedWorkTests {
    private static let row =
        #"{"prompt":[{"role":"user","content":"a"}],"completion":[{"role":"assistant","content":"b"}]}"#

    private func train(_ template: String, _ rows: [String], output: String = "out") throws -> Program.Result {
        try withTemporaryDirectory { folder in
            let spelling = try TinyModels.spelling(), model = folder.appendingPathComponent("model")
            try Checkpoint(
                weights: spelling.weights,
                tokenizer: spelling.tokenizer,
                template: ChatTemplate(source: template)
            ).save(to: model)
            let data = folder.appendingPathComponent("rows.jsonl")
            try (rows.joined(separator: "\n") + "\n").write(to: data, atomically: true, encoding: .utf8)
            try FileManager.default.createSymbolicLink(
                at: folder.appendingPathComponent("link"),
                withDestinationURL: folder.appendingPathComponent("nowhere")
            )
            return try Program.run([
                "model", "train", "sft", model.path, "--data", data.path, "--output",
                output.isEmpty ? "" : folder.appendingPathComponent(output).path, "--steps", "1",
            ])
        }
    }

    private static let plain = "{% for m in messages %}{{ m['role'] }}:{{ m['content'] }};{% endfor %}"

    /// A template that opens a thought where an answer is asked for: no conversation goes on from there.
    @Test func aPromptThatIsNoBeginningIsToldAsThat() throws {
        let result = try train(Self.plain + "{% if add_generation_prompt %}assistant:<think>{% endif %}", [Self.row])
        #expect(
            result.code != 0 && result.error.contains("rows.jsonl: the chat template begins an answer"),
            "\(result)"
        )
        #expect(!result.error.contains("--max-length"))
        let opened = Self.row.replacingOccurrences(of: #""b""#, with: #""<think>b""#)
        let some = try train(
            Self.plain + "{% if add_generation_prompt %}assistant:<think>{% endif %}",
            [Self.row, opened]
        )
        #expect(some.code == 0 && some.error.contains("1 as their prompt is not a prefix"), "\(some)")
    }

    @Test func aRowThatTheTemplateRefusesIsNamed() throws {
        let refusing = "{% if messages[0]['content'] == 'x' %}{{ raise_exception('no x') }}{% endif %}" + Self.plain
        let refused = Self.row.replacingOccurrences(of: #""a""#, with: #""x""#)
        let result = try train(refusing, [Self.row, refused])
        #expect(result.code != 0 && result.error.contains("rows.jsonl:2: "), "\(result)")
        #expect(result.error.contains("no x"))
    }

    @Test(arguments: [("link", "exists"), ("", "is empty")]) func anOutputThatCannotBeMadeIsRefusedAtOnce(
        output: String,
        says: String
    ) throws {
        let result = try train(Self.plain, [Self.row], output: output)
        #expect(result.code == 2 && result.error.contains("--output") && result.error.contains(says), "\(result)")
    }

    @Test func aStateThatIsALinkToNowhereIsToldAsThat() throws {
        try withTemporaryDirectory { folder in
            let link = folder.appendingPathComponent("link"), file = folder.appendingPathComponent("c.yaml")
            try FileManager.default.createSymbolicLink(at: link, withDestinationURL: folder.appendingPathComponent("x"))
            try ReducedCampaign.yaml().write(to: file, atomically: true, encoding: .utf8)
            for arguments in [["daemon", "--port", "0"], ["run", file.path]] {
                let result = try Program.run(arguments + ["--state", link.path])
                #expect(result.code == 1 && result.error.contains("is a link that leads nowhere"), "\(result)")
            }
        }
    }

    @Test func anAddressThatCannotBeServedIsToldAsThat() throws {
        try withTemporaryDirectory { folder in
            let model = folder.appendingPathComponent("model")
            try TinyModels.spelling().save(to: model)
            let taken = try Listener()
            let result = try Program.run(["serve", model.path, "--port", "\(taken.port)"])
            #expect(result.code == 1, "\(result)")
            let start = "selfimprove: 127.0.0.1:\(taken.port): nobody can be served here: Address already in use"
            #expect(result.error.hasPrefix(start), "\(result.error)")
        }
    }

    /// A port of this machine that is taken.
    private final class Listener {
        private let descriptor: Int32
        let port: Int

        init() throws {
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            self.descriptor = descriptor
            var address = sockaddr_in(), length = socklen_t(MemoryLayout<sockaddr_in>.size)
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = inet_addr("127.0.0.1")
            let bound = withUnsafeMutablePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(descriptor, $0, length) == 0 && listen(descriptor, 1) == 0
                        && getsockname(descriptor, $0, &length) == 0
                }
            }
            guard bound else { throw Program.Failure(description: "no port is free") }
            port = Int(in_port_t(bigEndian: address.sin_port))
        }

        deinit { close(descriptor) }
    }
}
