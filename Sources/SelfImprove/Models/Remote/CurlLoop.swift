import CCurl
import Foundation
import Synchronization

/// The thread of a `CurlTransport`. Commands reach it through an inbox; all that libcurl has belongs to the thread.
final class CurlLoop: Sendable {
    enum Command {
        case start(UInt64, HTTPCall, CheckedContinuation<Result<HTTPReply, HTTPFailure>, Never>)
        case cancel(UInt64)
        case stop
    }

    private struct Inbox {
        var commands: [Command] = []
        /// To wake it; nil when it is closed.
        var multi: UnsafeMutableRawPointer?
    }

    private let inbox: Mutex<Inbox>

    /// Nil where the library has no memory for it.
    init?(proxy: HTTPSProxy, authorities: String?) {
        guard let multi = curl_multi_init() else { return nil }
        // libcurl's own rule, four for each call under way, would close connections in a quiet moment.
        ccurl_multi_set_number(multi, CURLMOPT_MAXCONNECTS, Self.keptConnections)
        let address = UInt(bitPattern: multi)
        inbox = Mutex(Inbox(multi: UnsafeMutableRawPointer(bitPattern: address)))
        let thread = Thread { [self] in
            guard let multi = UnsafeMutableRawPointer(bitPattern: address) else { return }
            Self.refuseBrokenPipes()
            let drive = CurlDrive(multi: multi, proxy: proxy, authorities: authorities)
            while drive.turn(commands: take()) {}
            inbox.withLock { $0.multi = nil }
            drive.end(commands: take())
        }
        thread.name = "http"
        thread.stackSize = 1 << 20
        thread.start()
    }

    private static let keptConnections = 256

    /// From any thread.
    func put(_ command: Command) {
        let isOpen = inbox.withLock { inbox in
            guard let multi = inbox.multi else { return false }
            inbox.commands.append(command)
            // Inside of the lock, or the thread could give it back meanwhile.
            curl_multi_wakeup(multi)
            return true
        }
        if !isOpen, case .start(_, _, let continuation) = command {
            continuation.resume(returning: .failure(.cancelled))
        }
    }

    private func take() -> [Command] {
        inbox.withLock { inbox in
            defer { inbox.commands = [] }
            return inbox.commands
        }
    }

    /// OpenSSL writes to sockets without `MSG_NOSIGNAL`: without this, an endpoint that hangs up would end the process.
    private static func refuseBrokenPipes() {
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGPIPE)
        pthread_sigmask(SIG_BLOCK, &signals, nil)
    }
}

/// What the thread does, turn by turn.
private final class CurlDrive {
    private let multi: UnsafeMutableRawPointer
    private let proxy: HTTPSProxy
    private let authorities: String?
    private var transfers: [UInt64: CurlTransfer] = [:]
    private var numbers: [UnsafeMutableRawPointer: UInt64] = [:]
    private var nextLook = 0.0

    /// Seconds between two looks at the timeouts.
    private static let lookInterval = 0.1

    init(multi: UnsafeMutableRawPointer, proxy: HTTPSProxy, authorities: String?) {
        self.multi = multi
        self.proxy = proxy
        self.authorities = authorities
    }

    /// Obeys, moves all transfers on, and waits until there is more to do.
    /// - Returns: false when it was asked to stop.
    func turn(commands: [CurlLoop.Command]) -> Bool {
        for command in commands {
            switch command {
            case .start(let number, let call, let continuation): start(number, call, continuation)
            case .cancel(let number): finish(number, .failure(.cancelled))
            case .stop: return false
            }
        }
        var running: Int32 = 0
        curl_multi_perform(multi, &running)
        var code = CURLE_OK
        while let easy = ccurl_next_finished(multi, &code) {
            if let number = numbers[easy] { settle(number, code) }
        }
        lookAtTimeouts()
        curl_multi_poll(multi, nil, 0, transfers.isEmpty ? 60_000 : Int32(Self.lookInterval * 1000), nil)
        return true
    }

    /// Ends what is left, and the library's part.
    func end(commands: [CurlLoop.Command]) {
        for number in Array(transfers.keys) { finish(number, .failure(.cancelled)) }
        for case .start(_, _, let continuation) in commands { continuation.resume(returning: .failure(.cancelled)) }
        curl_multi_cleanup(multi)
    }

    private func start(
        _ number: UInt64,
        _ call: HTTPCall,
        _ continuation: CheckedContinuation<Result<HTTPReply, HTTPFailure>, Never>
    ) {
        do throws(HTTPFailure) {
            let transfer = try CurlTransfer(call, proxy: proxy, authorities: authorities, continuation)
            guard curl_multi_add_handle(multi, transfer.easy) == CURLM_OK else {
                throw HTTPFailure.invalid("no memory")
            }
            transfers[number] = transfer
            numbers[transfer.easy] = number
        } catch {
            continuation.resume(returning: .failure(error))
        }
    }

    /// A transfer that libcurl is through with: its reply, its failure, or a redirect and once more.
    private func settle(_ number: UInt64, _ code: CURLcode) {
        guard let transfer = transfers[number] else { return }
        let result = transfer.result(code)
        if case .success(let reply) = result, let next = transfer.redirect(of: reply) {
            switch next {
            case .failure(let failure): return finish(number, .failure(failure))
            case .success(let url):
                curl_multi_remove_handle(multi, transfer.easy)
                guard transfer.restart(url: url), curl_multi_add_handle(multi, transfer.easy) == CURLM_OK else {
                    return finish(number, .failure(.invalid("the redirect cannot be followed")))
                }
                return
            }
        }
        finish(number, result)
    }

    private func finish(_ number: UInt64, _ result: Result<HTTPReply, HTTPFailure>) {
        guard let transfer = transfers.removeValue(forKey: number) else { return }
        numbers[transfer.easy] = nil
        curl_multi_remove_handle(multi, transfer.easy)
        transfer.continuation.resume(returning: result)
    }

    private func lookAtTimeouts() {
        let now = CurlTransfer.now()
        guard now >= nextLook else { return }
        nextLook = now + Self.lookInterval
        for (number, transfer) in transfers {
            if let phase = transfer.overdue(at: now) { finish(number, .failure(.timedOut(phase))) }
        }
    }
}
