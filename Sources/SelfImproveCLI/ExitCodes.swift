import ArgumentParser
import Foundation
import Scheduler
import SelfImprove

/// Maps errors to exit codes: 0 success, 1 failure, 2 unusable arguments or configuration, 3 stopped on request before
/// the work was done. Messages go to standard error, one line for each fault.
enum ExitCodes {
    static func report(_ error: any Error) -> Int32 {
        if let error = error as? any ReportedError {
            for line in error.description.split(separator: "\n") { Output.error("selfimprove: \(line)") }
            return switch error.kind {
            case .failure: 1
            case .usage: 2
            case .stopped: 3
            }
        }
        if let code = error as? ExitCode { return code.rawValue }  // what it stands for was said
        if let obstacle = Obstacle(error) {
            Output.error("selfimprove: \(obstacle.words)")
            return 1
        }
        if error is CancellationError {
            Output.error("selfimprove: stopped on request")
            return 3
        }
        let code = SelfImproveCommand.exitCode(for: error)
        if code == .success {  // --help and --version are thrown too
            Output.line(SelfImproveCommand.fullMessage(for: error))
            do { try Output.check() } catch { return report(error) }
            return 0
        }
        // ArgumentParser's own: its first line says what is wrong, the usage follows.
        let isUsage = code == .validationFailure
        Output.error(
            isUsage
                ? SelfImproveCommand.fullMessage(for: error).replacingOccurrences(of: "Error: ", with: "selfimprove: ")
                : "selfimprove: \(error)"
        )
        return isUsage ? 2 : 1
    }
}
