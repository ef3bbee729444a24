import Foundation
import FoundationNetworking
import Scheduler
import SelfImprove
import Server

/// Talks to the daemon of a state directory.
struct DaemonClient: Sendable {
    let address: DaemonAddress

    /// The daemon that runs on this state directory; nil where none does.
    static func find(_ state: URL) throws -> DaemonClient? { try DaemonAddress.find(state).map(DaemonClient.init) }

    /// - Throws: `.busy`, with how to start one, where none runs.
    static func require(_ state: StateOptions) throws -> DaemonClient {
        if let client = try find(state.url) { return client }
        throw SelfImproveError(
            .busy,
            "no daemon runs on this state directory",
            context: state.url.path,
            hint:
                "start one with: selfimprove daemon; or run the campaign in the foreground with: selfimprove run CONFIG"
        )
    }

    private struct Refusal: Decodable {
        struct Detail: Decodable {
            var message: String
            var code: String
        }
        var error: Detail
    }

    /// The state of a campaign.
    func status(_ campaign: String) async throws -> CampaignStatus {
        try Self.decode(await send("GET", "/api/campaigns/\(campaign)"))
    }

    static func decode(_ answer: Data) throws -> CampaignStatus {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        return try decoder.decode(CampaignStatus.self, from: answer)
    }

    /// - Throws: the daemon's refusal; `.failed` where it does not answer.
    func send(_ method: String, _ path: String, _ body: (some Encodable)? = Data?.none) async throws -> Data {
        let host =
            address.host.contains(":") ? "[\(address.host)]" : address.host == "0.0.0.0" ? "127.0.0.1" : address.host
        guard let url = URL(string: "http://\(host):\(address.port)\(path)") else {
            throw SelfImproveError(.input, "is not a valid address", context: path)
        }
        var request = URLRequest(url: url, timeoutInterval: 120)
        request.httpMethod = method
        if let token = try AccessToken.text() {
            request.setValue("Bearer \(token)", forHTTPHeaderField: "Authorization")
        }
        if let body { request.httpBody = try JSONEncoder().encode(body) }
        let answer: (data: Data, response: URLResponse)
        do { answer = try await URLSession.shared.data(for: request) } catch {
            throw SelfImproveError(
                .failed,
                "the daemon does not answer: \(error.localizedDescription)",
                context: "\(host):\(address.port)",
                hint: "see its log",
                retryable: true
            )
        }
        guard let status = (answer.response as? HTTPURLResponse)?.statusCode, !(200..<300).contains(status) else {
            return answer.data
        }
        let refusal = try JSONDecoder().decode(Refusal.self, from: answer.data)
        throw SelfImproveError(SelfImproveError.Code(rawValue: refusal.error.code) ?? .failed, refusal.error.message)
    }
}
