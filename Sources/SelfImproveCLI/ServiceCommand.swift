import ArgumentParser
import Foundation
import ModelFiles
import SelfImprove

struct ServiceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "service",
        abstract: "The daemon as a systemd service.",
        subcommands: [ServiceInstall.self]
    )
}

struct ServiceInstall: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "install",
        abstract: "Write a hardened systemd unit for the daemon.",
        discussion: """
            The service runs as a user of its own without privileges, writes only to /var/lib/selfimprove, and is \
            restarted when it fails. A token goes into /etc/selfimprove/environment as SELFIMPROVE_TOKEN=..., readable \
            by root only.

            sudo selfimprove service install && sudo systemctl enable --now selfimprove
            selfimprove service install --print      only shows the unit
            """
    )

    @Option(help: "Address to listen on.") var host = "127.0.0.1"
    @Option(help: "Port to listen on.") var port = 8321
    @Option(help: "The program that it starts; default: this one.") var program: String?
    @Option(help: "The file to write.") var unit = "/etc/systemd/system/selfimprove.service"
    @Flag(help: "Print the unit instead of writing it.") var print = false

    func validate() throws {
        guard (1...65_535).contains(port) else { throw ValidationError("--port goes from 1 to 65535") }
        guard host.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || ".:-".contains($0)) }) else {
            throw ValidationError("--host is no address")
        }
        if let program, !program.hasPrefix("/") { throw ValidationError("--program begins with /") }
    }

    func run() async throws {
        let program = try program ?? Self.runningProgram()
        try Self.check(program)
        let text = Self.unit(program: program, host: host, port: port)
        if print { return Output.line(text) }
        try AtomicFile.write(Data((text + "\n").utf8), to: URL(fileURLWithPath: unit))
        Output.line("\(unit) written; start it with: systemctl daemon-reload && systemctl enable --now selfimprove")
    }

    /// The binary that runs now.
    private static func runningProgram() throws -> String {
        try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    }

    /// Folders that the unit's `PrivateTmp` and `ProtectHome` hide from the service.
    private static let hidden = ["/tmp/", "/var/tmp/", "/home/", "/root/", "/run/user/"]

    private static func check(_ program: String) throws {
        func refusal(_ what: String) -> SelfImproveError {
            SelfImproveError(
                .input,
                what,
                context: program,
                hint: "install it as /usr/local/bin/selfimprove and run it from there, or name it with --program"
            )
        }
        guard !program.contains(where: { $0.isWhitespace || $0 == "%" || $0 == "\"" }) else {
            throw refusal("the program's path cannot stand in a unit")
        }
        if let folder = hidden.first(where: { URL(fileURLWithPath: program).standardized.path.hasPrefix($0) }) {
            throw refusal("the service cannot see what is in \(folder.dropLast())")
        }
    }

    static func unit(program: String, host: String, port: Int) -> String {
        """
        [Unit]
        Description=selfimprove: unattended self-improvement campaigns
        After=network.target

        [Service]
        Type=notify
        ExecStart=\(program) daemon --host \(host) --port \(port) --state %S/selfimprove
        ExecReload=/bin/kill -HUP $MAINPID
        Restart=on-failure
        RestartSec=5
        TimeoutStopSec=30
        # Fed by progress: a step that stands still for so long is taken for dead, and the daemon is begun again.
        WatchdogSec=30min
        EnvironmentFile=-/etc/selfimprove/environment
        DynamicUser=yes
        StateDirectory=selfimprove
        StateDirectoryMode=0700
        UMask=0077
        Nice=5

        # It reads and writes its state, and talks HTTP. Nothing else.
        NoNewPrivileges=yes
        CapabilityBoundingSet=
        AmbientCapabilities=
        ProtectSystem=strict
        ProtectHome=yes
        PrivateTmp=yes
        PrivateDevices=yes
        PrivateUsers=yes
        ProtectHostname=yes
        ProtectClock=yes
        ProtectKernelTunables=yes
        ProtectKernelModules=yes
        ProtectKernelLogs=yes
        ProtectControlGroups=yes
        ProtectProc=invisible
        RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
        RestrictNamespaces=yes
        RestrictRealtime=yes
        RestrictSUIDSGID=yes
        RemoveIPC=yes
        LockPersonality=yes
        MemoryDenyWriteExecute=yes
        DevicePolicy=closed
        KeyringMode=private
        SystemCallArchitectures=native
        SystemCallFilter=@system-service
        SystemCallFilter=~@privileged
        SystemCallErrorNumber=EPERM

        [Install]
        WantedBy=multi-user.target
        """
    }
}
