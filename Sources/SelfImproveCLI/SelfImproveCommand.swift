import ArgumentParser

@main
struct SelfImproveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "selfimprove", abstract: "Language models that improve themselves, unattended.",
        subcommands: [ModelCommand.self])
}
