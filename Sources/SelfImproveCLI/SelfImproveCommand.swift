import ArgumentParser
import Foundation
import SelfImprove

@main
struct SelfImproveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "selfimprove",
        abstract: "Language models that improve themselves, unattended.",
        discussion: """
            A campaign runs in rounds: a mixture of models answers fresh instructions, the champion is fine-tuned on \
            the answers, judges rank its own samples, and DPO follows; a model that is significantly better on \
            held-out prompts becomes the next champion.

            Begin with:  selfimprove run configs/nursery.yaml
            Then:        selfimprove lineage nursery
            """,
        version: Machine.version,
        subcommands: [
            RunCommand.self, DaemonCommand.self, StartCommand.self, PauseCommand.self, ResumeCommand.self,
            StopCommand.self, WatchCommand.self,
            PlanCommand.self, ServeCommand.self, ChatCommand.self, StatusCommand.self, LineageCommand.self,
            ShowCommand.self, SamplesCommand.self, CallsCommand.self, CompareCommand.self,
            JudgeBenchCommand.self,
            RollbackCommand.self, QuarantineCommand.self,
            CriteriaCommand.self, ImportCommand.self, ExportCommand.self, ExportDataCommand.self, DoctorCommand.self,
            CollectCommand.self,
            BackupCommand.self, ServiceCommand.self,
            ModelCommand.self,
        ]
    )

    static func main() async {
        Machine.replaceOutdatedKernel()
        Machine.returnFreedMemory()
        // A reader that is gone is an error of the write (`StandardStream`), not the end of the work.
        signal(SIGPIPE, SIG_IGN)
        do {
            try Machine.checkInstructionSet()
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
            try Output.check()
        } catch {
            Foundation.exit(ExitCodes.report(error))
        }
    }
}
