import Foundation
import LocalLM
import ModelFiles

/// Gives a target its inputs, one by one, and judges what becomes of them. Input `number` of a seed is always the same
/// bytes.
public struct Fuzzer {
    public enum Outcome: Equatable {
        case accepted
        /// Refused for what it says.
        case refused
        /// Refused for its syntax: no JSON, no UTF-8, a header that is cut off.
        case unreadable
        case fault(String)
    }

    public struct Result {
        public let outcome: Outcome
        /// Processor time of this thread for reading, without making the input.
        public let seconds: Double
    }

    /// The most processor time that reading an input may take, without a sanitizer.
    public static let longestSeconds = 1.0

    private let target: any FuzzTarget
    private let key: UInt64
    private let longestSeconds: Double

    /// - Parameter longestSeconds: an input that takes more processor time is a fault.
    public init(
        _ target: any FuzzTarget.Type,
        seed: UInt64,
        folder: URL,
        longestSeconds: Double = longestSeconds
    ) throws {
        self.longestSeconds = longestSeconds
        self.target = try target.init(folder: folder)
        key = RandomKey.derive(seed, target.name)
    }

    public func input(_ number: Int) -> FuzzInput {
        var random = RandomStream(key: RandomKey.derive(key, UInt64(number)))
        return target.input(&random)
    }

    public func run(_ number: Int) -> Result { run(input(number)) }

    public func run(_ input: FuzzInput) -> Result {
        let start = Self.processorSeconds()
        let outcome = outcome(input)
        let seconds = Self.processorSeconds() - start
        guard seconds > longestSeconds else { return Result(outcome: outcome, seconds: seconds) }
        return Result(outcome: .fault("took \(seconds) s of processor time"), seconds: seconds)
    }

    private func outcome(_ input: FuzzInput) -> Outcome {
        do {
            try target.read(input)
            return .accepted
        } catch let error as LocalLMError {
            if error.message.isEmpty { return .fault("an error without words") }
            let text = error.description
            if text.utf8.count > 8192 { return .fault("an error of \(text.utf8.count) bytes") }
            if text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) {
                return .fault("an error with control characters")
            }
            return Self.isAboutSyntax(error) ? .unreadable : .refused
        } catch {
            return .fault("\(type(of: error)): \(error)")
        }
    }

    private static func isAboutSyntax(_ error: LocalLMError) -> Bool {
        ["not valid JSON", "is not UTF-8", "is not a safetensors file", "is not a GGUF file"].contains {
            error.message.hasPrefix($0)
        }
    }

    static func processorSeconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
}
