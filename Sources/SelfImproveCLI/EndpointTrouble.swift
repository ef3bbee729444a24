import SelfImprove

/// Tells what goes wrong with the endpoints of a running campaign: a call that is made again takes its time in silence.
struct EndpointTrouble {
    private let endpoints: EndpointCatalog
    private let display: ProgressDisplay

    init(_ endpoints: EndpointCatalog, _ display: ProgressDisplay) {
        self.endpoints = endpoints
        self.display = display
    }

    /// Looks every few seconds, and tells of each peer once a minute at most.
    func watch() async throws {
        var told: [String: (retries: Int, look: Int)] = [:]
        for look in 0... {
            try await Task.sleep(for: .seconds(5))
            for (name, figures) in endpoints.figures.sorted(by: { $0.key < $1.key }) {
                let last = told[name] ?? (0, -12)
                guard figures.retries + figures.failures > last.retries, look - last.look >= 12 else { continue }
                told[name] = (figures.retries + figures.failures, look)
                let breaker = figures.breaker == .closed ? "" : "; taken for down, asked now and then"
                display.note(
                    "\(name): \(figures.retries) calls made again, \(figures.failures) without an answer\(breaker): "
                        + (figures.lastFault ?? "")
                )
            }
        }
    }
}
