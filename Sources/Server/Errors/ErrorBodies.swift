import Foundation
import Hummingbird
import NIOCore
import NIOHTTP1
import Scheduler
import SelfImprove

/// Maps errors to HTTP statuses, in one place, with OpenAI's body: `{"error": {"message", "type", "code"}}`.
struct ErrorBodies: RouterMiddleware {
    let counters: RequestCounters
    let routes: RouteTable

    struct Body: Encodable {
        struct Detail: Encodable {
            var message: String
            var type: String
            var code: String
        }
        var error: Detail
    }

    func handle(
        _ request: Request,
        context: ServerContext,
        next: (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        let response: Response
        do { response = try await next(request, context) } catch  where Self.isOfTheConnection(error) {
            throw error  // the client is gone or cannot be answered: the server closes the connection
        } catch {
            var (status, code, message) = Self.answer(to: error)
            let allowed = status == .notFound && error is HTTPError ? routes.methods(at: request.uri.path) : []
            if !allowed.isEmpty {
                (status, code, message) = (
                    .methodNotAllowed, "method_not_allowed", "\(request.method) is not allowed here"
                )
            }
            if status.code >= 500, status != .serviceUnavailable {
                context.logger.error("\(request.method) \(request.uri.path): \(error)")
            }
            var refusal = try JSONResponse.make(
                Body(
                    error: .init(
                        message: message,
                        type: status.code >= 500 ? "server_error" : "invalid_request_error",
                        code: code
                    )
                ),
                status: status
            )
            if !allowed.isEmpty { refusal.headers[.allow] = allowed.joined(separator: ", ") }
            if status == .unauthorized { refusal.headers[.wwwAuthenticate] = "Bearer" }
            response = refusal
        }
        counters.count(response.status.code)
        return request.method == .head ? response.createHeadResponse() : response
    }

    private static func isOfTheConnection(_ error: any Error) -> Bool {
        error is HTTPParserError || error is IOError || error is ChannelError || error is CancellationError
    }

    static func answer(to error: any Error) -> (status: HTTPResponse.Status, code: String, message: String) {
        switch error {
        case let error as SelfImproveError:
            let status: HTTPResponse.Status =
                switch error.code {
                case .configuration, .input: .badRequest
                case .notFound: .notFound
                case .ambiguous, .refused, .interrupted: .conflict
                case .busy: .tooManyRequests
                case .full, .readOnly: Self.noStorage
                case .unreachable, .withheld, .unanswered: .serviceUnavailable
                case .damaged, .file, .failed: .internalServerError
                }
            return (status, error.code.rawValue, error.description)
        case let error as ContextExceeded: return (.badRequest, ContextExceeded.code, error.message)
        case let error as ConfigurationFaults: return (.badRequest, "configuration", error.description)
        case let error as HTTPError:
            return (error.status, code(of: error.status), error.body ?? error.status.reasonPhrase)
        case let error as any HTTPResponseError:
            return (error.status, code(of: error.status), error.status.reasonPhrase)
        default:
            guard let obstacle = Obstacle(error) else {
                return (.internalServerError, "internal", "an internal error; the server's log has the details")
            }
            return (obstacle == .busy ? .serviceUnavailable : noStorage, "storage", obstacle.words)
        }
    }

    private static let noStorage = HTTPResponse.Status(code: 507, reasonPhrase: "Insufficient Storage")

    private static func code(of status: HTTPResponse.Status) -> String {
        status.reasonPhrase.lowercased().replacingOccurrences(of: " ", with: "_")
    }
}
