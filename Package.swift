// swift-tools-version: 6.1
import Foundation
import PackageDescription

// Numeric code is compiled for processors with AVX2 and FMA (Haswell of 2013, and all since): without this, Swift's
// SIMD types fall back to SSE. The innermost products know wider vectors, and pick them at run time (CTiles).
#if arch(x86_64)
    let baseline = ["-march=x86-64-v3"]
#else
    let baseline: [String] = []
#endif

// Only numeric code is compiled without checks (docs/adr/0006); SELFIMPROVE_CHECKED=1 checks it too, for sanitizers and
// measurements.
let checked = ProcessInfo.processInfo.environment["SELFIMPROVE_CHECKED"] == "1"
// Every target agrees on how CSIMD's header is read.
let plain: [SwiftSetting] = [.unsafeFlags(baseline.flatMap { ["-Xcc", $0] })]
let numeric = checked ? plain : plain + [.unsafeFlags(["-Ounchecked"], .when(configuration: .release))]

// For `selfimprove --version`. `make` tells it: SwiftPM's own `Context.gitInformation` is kept from build to build, and
// tells a commit of yesterday.
let commit = ProcessInfo.processInfo.environment["SELFIMPROVE_COMMIT"] ?? ""

let package = Package(
    name: "SelfImprove",
    products: [.executable(name: "selfimprove", targets: ["SelfImproveCLI"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-http-types", exact: "1.8.0"),
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", exact: "1.35.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
        .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
        .package(
            url: "https://github.com/hummingbird-project/hummingbird",
            exact: "2.28.1",
            traits: ["FullFoundation"]
        ),
        .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
    ],
    targets: [
        .systemLibrary(name: "COpenBLAS", providers: [.apt(["libopenblas-dev"])]),
        .systemLibrary(name: "CCurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "CMalloc"),
        .target(name: "CSIMD"),
        .target(name: "CTiles", dependencies: ["CSIMD"], cSettings: [.unsafeFlags(baseline + ["-O3"])]),
        .target(name: "CBuild", cSettings: [.define("BUILD_COMMIT", to: "\"\(commit.isEmpty ? "unknown" : commit)\"")]),
        .target(name: "Jinja", swiftSettings: plain),
        .target(name: "ModelFiles", dependencies: ["Jinja"], swiftSettings: plain),
        .target(
            name: "LocalLM",
            dependencies: [
                "ModelFiles", "COpenBLAS", "CSIMD", "CTiles", .product(name: "Crypto", package: "swift-crypto"),
            ],
            swiftSettings: numeric
        ),
        .target(
            name: "SelfImprove",
            dependencies: [
                "ModelFiles", "LocalLM", "CCurl", .product(name: "GRDB", package: "GRDB.swift"), "Yams",
                .product(name: "Crypto", package: "swift-crypto"),
            ],
            resources: [.embedInCode("Mixture/Files"), .embedInCode("Prompts/Files")],
            swiftSettings: plain
        ),
        .target(
            name: "Scheduler",
            dependencies: [
                "ModelFiles", "LocalLM", "SelfImprove", .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: plain
        ),
        .target(
            name: "Server",
            dependencies: [
                "ModelFiles", "LocalLM", "SelfImprove", "Scheduler",
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Logging", package: "swift-log"), .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            resources: [.embedInCode("Files")],
            swiftSettings: plain
        ),
        .executableTarget(
            name: "SelfImproveCLI",
            dependencies: [
                "ModelFiles", "LocalLM", "SelfImprove", "Scheduler", "Server", "CBuild", "CMalloc",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "GRDB", package: "GRDB.swift"),
            ],
            swiftSettings: plain
        ),
        .target(
            name: "TestSupport",
            dependencies: ["ModelFiles", "LocalLM", "SelfImprove"],
            path: "Tests/TestSupport",
            swiftSettings: plain
        ),
        .target(
            name: "FuzzTargets",
            dependencies: ["ModelFiles", "LocalLM"],
            path: "Tests/FuzzTargets",
            swiftSettings: plain
        ),
        .executableTarget(name: "fuzz", dependencies: ["FuzzTargets"], path: "Tests/FuzzRunner", swiftSettings: plain),
        .testTarget(
            name: "ModelFilesTests",
            dependencies: ["ModelFiles", "FuzzTargets", "TestSupport"],
            swiftSettings: plain
        ),
        .testTarget(
            name: "LocalLMTests",
            dependencies: ["CTiles", "ModelFiles", "LocalLM", "SelfImprove", "FuzzTargets", "TestSupport"],
            exclude: ["Golden"],
            swiftSettings: plain
        ),
        .testTarget(
            name: "SelfImproveTests",
            dependencies: ["ModelFiles", "LocalLM", "SelfImprove", "TestSupport"],
            exclude: ["Configuration/Stored", "Golden"],
            swiftSettings: plain
        ),
        .testTarget(
            name: "SchedulerTests",
            dependencies: ["ModelFiles", "LocalLM", "Scheduler", "TestSupport"],
            swiftSettings: plain
        ),
        .testTarget(
            name: "ServerTests",
            dependencies: [
                "Server", "LocalLM", "ModelFiles", "TestSupport",
                .product(name: "HummingbirdTesting", package: "hummingbird"),
                .product(name: "GRDB", package: "GRDB.swift"), .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: plain
        ),
        .testTarget(
            name: "CLITests",
            dependencies: [
                "SelfImproveCLI", "Scheduler", "SelfImprove", "LocalLM", "ModelFiles", "TestSupport",
                .product(name: "GRDB", package: "GRDB.swift"),
            ],
            swiftSettings: plain
        ),
    ]
)
