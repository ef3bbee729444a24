import Foundation
import TestSupport

/// The built program, run as a user runs it: a process of its own.
struct Program {
    struct Result {
        var code: Int32
        var out: String
        var error: String
    }

    static let binary: URL = {
        // Beside the test bundle, whatever the build folder is called.
        let bundle = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
            .deletingLastPathComponent()
        let named = ProcessInfo.processInfo.environment["SELFIMPROVE_BINARY"].map { URL(fileURLWithPath: $0) }
        return named ?? bundle.appendingPathComponent("selfimprove")
    }()

    static func process(_ arguments: [String]) -> Process {
        let process = Process()
        process.executableURL = binary
        process.arguments = arguments
        var environment = ProcessInfo.processInfo.environment
        environment["OPENBLAS_CORETYPE"] = nil
        environment["COLUMNS"] = "80"
        process.environment = environment
        return process
    }

    struct Failure: Error, CustomStringConvertible { var description: String }

    /// Starts it with more in its environment, and standard output in a file.
    static func start(_ arguments: [String], _ environment: [String: String], output: URL) throws -> Process {
        let process = process(arguments)
        process.environment?.merge(environment) { $1 }
        process.standardOutput = try newFile(output)
        process.standardError = FileHandle.nullDevice
        process.standardInput = FileHandle.nullDevice
        try process.run()
        return process
    }

    /// A command of the system's; returns its exit code.
    static func shell(_ command: String) throws -> Int32 {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", command]
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus
    }

    /// - Parameter wrapper: a program of the system's, with arguments, that runs ours.
    static func run(_ arguments: [String], input: String? = nil, as wrapper: [String] = []) throws -> Result {
        let process = process(arguments)
        if !wrapper.isEmpty {
            process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            process.arguments = wrapper + [binary.path] + arguments
        }
        return try withTemporaryDirectory { folder in
            // Files, not pipes: a handler of a pipe that is let go may still be on its way out of the event loop when
            // the descriptor is the next pipe's, which ends this process now and then.
            let out = folder.appendingPathComponent("out"), error = folder.appendingPathComponent("error")
            process.standardOutput = try newFile(out)
            process.standardError = try newFile(error)
            if let input {
                let pipe = Pipe()
                process.standardInput = pipe
                try process.run()
                pipe.fileHandleForWriting.write(Data(input.utf8))
                try pipe.fileHandleForWriting.close()
            } else {
                process.standardInput = FileHandle.nullDevice
                try process.run()
            }
            process.waitUntilExit()
            return Result(
                code: process.terminationStatus,
                out: String(decoding: try Data(contentsOf: out), as: UTF8.self),
                error: String(decoding: try Data(contentsOf: error), as: UTF8.self)
            )
        }
    }

    private static func newFile(_ url: URL) throws -> FileHandle {
        FileManager.default.createFile(atPath: url.path, contents: nil)
        return try FileHandle(forWritingTo: url)
    }

    /// Runs until a line of standard output satisfies `until`, then sends the signal, and waits for the end.
    /// - Returns: whether the line came.
    static func interrupt(
        _ arguments: [String],
        with signal: Int32,
        after microseconds: UInt32 = 0,
        until: @escaping @Sendable (String) -> Bool
    ) throws -> (
        hit: Bool, code: Int32
    ) {
        let process = process(arguments)
        process.standardInput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        let out = Pipe()
        process.standardOutput = out
        try process.run()
        var buffer = Data()
        var hit = false
        while true {
            let data = out.fileHandleForReading.availableData
            if data.isEmpty { break }
            buffer.append(data)
            while let end = buffer.firstIndex(of: 0x0A) {
                let line = String(decoding: buffer[buffer.startIndex..<end], as: UTF8.self)
                buffer = Data(buffer[(end + 1)...])
                if !hit, until(line) {
                    hit = true
                    usleep(microseconds)
                    kill(process.processIdentifier, signal)
                }
            }
        }
        process.waitUntilExit()
        return (
            hit, process.terminationReason == .uncaughtSignal ? -process.terminationStatus : process.terminationStatus
        )
    }
}
