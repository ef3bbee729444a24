import Hummingbird
import Synchronization

/// The methods of each path, to tell an unknown path (404) from a method that it does not have (405).
final class RouteTable: Sendable {
    private let routes = Mutex<[(path: [Substring], method: String)]>([])

    func fill(from router: Router<ServerContext>) {
        let all = router.routes.map { (path: $0.path.description.split(separator: "/"), method: $0.method.rawValue) }
        routes.withLock { $0 = all }
    }

    func methods(at path: String) -> [String] {
        let asked = path.split(separator: "/")
        return routes.withLock { routes in routes.filter { Self.fits(asked, $0.path) }.map(\.method) }.sorted()
    }

    private static func fits(_ asked: [Substring], _ route: [Substring]) -> Bool {
        if route.last == "**" {
            return asked.count >= route.count && fits(Array(asked.prefix(route.count - 1)), route.dropLast())
        }
        return asked.count == route.count
            && zip(asked, route).allSatisfy { $1.hasPrefix(":") || $1.hasPrefix("{") || $0 == $1 }
    }
}
