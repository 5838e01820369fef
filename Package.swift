// swift-tools-version: 6.2
import PackageDescription

/// One strict set of settings for every Swift target of the package.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]

/// Those of a target without unsafe code, where each unsafe construct would be an error until it is marked.
let memorySafe = strict + [.strictMemorySafety()]

/// A layer of the product. `dependencies` is the layer table: the compiler and `scripts/lint` hold imports to it.
func layer(
    _ name: String,
    _ dependencies: [Target.Dependency],
    path: String? = nil,
    resources: [Resource]? = nil,
    settings: [SwiftSetting] = strict
) -> Target {
    .target(name: name, dependencies: dependencies, path: path, resources: resources, swiftSettings: settings)
}

func tests(of name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(
        name: "\(name)Tests",
        dependencies: Set([name, "Basics"]).sorted().map { .target(name: $0) } + dependencies,
        swiftSettings: strict
    )
}

/// The files that browsers load. `API/Web/WebModules.swift` says at which paths.
let webFiles = [
    "client.js", "client.d.ts", "console.html",
    "client/change-feed.js", "client/connection.js", "client/identity.js", "client/listeners.js",
    "client/live-table.js", "client/options.js", "client/pace.js", "client/position.js", "client/reader.js",
    "client/refused-error.js", "client/share.js", "client/versions.js",
    "console/change-lines.js", "console/changes.js", "console/chart.js", "console/clipboard.js",
    "console/console.css", "console/detail.js", "console/differences.js", "console/dom.js", "console/filter.js",
    "console/head.js", "console/items.js", "console/keys.js", "console/page.js", "console/place.js",
    "console/rendering.js", "console/service.js", "console/shards.js", "console/sign-in.js", "console/status.js",
    "console/theme.js", "console/values.js", "console/words.js",
]

/// A program for developers: no layer of the product.
func program(_ name: String, _ dependencies: [Target.Dependency], path: String) -> Target {
    .executableTarget(name: name, dependencies: dependencies, path: path, swiftSettings: strict)
}

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let deque = Target.Dependency.product(name: "DequeModule", package: "swift-collections")
let heap = Target.Dependency.product(name: "HeapModule", package: "swift-collections")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let metrics = Target.Dependency.product(name: "Metrics", package: "swift-metrics")
let coreMetrics = Target.Dependency.product(name: "CoreMetrics", package: "swift-metrics")

let package = Package(
    name: "tablecast",
    products: [
        // All that a user of the library names: the consumer, the client it calls and the values it delivers.
        .library(name: "DynamoDBStream", targets: ["DynamoDBStream", "DynamoDBClient", "TableModel", "Basics"]),
        .executable(name: "tablecast", targets: ["tablecast"]),
        // The emulator and the demo on top of it: no part of `tablecast`.
        .library(name: "DynamoSandbox", targets: ["DynamoSandbox", "TableModel", "Basics"]),
        .executable(name: "dynamo-sandbox", targets: ["dynamo-sandbox"]),
        .executable(name: "tablecast-demo", targets: ["tablecast-demo"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
    ],
    targets: [
        // System modules: headers and shims, no logic.
        // With the checks of _FORTIFY_SOURCE where the compiler optimises, which is when they can be made.
        .target(
            name: "CLinux",
            cSettings: [.define("_FORTIFY_SOURCE", to: "2", .when(configuration: .release))]
        ),
        // The processors that the process may use, counted before the Swift runtime starts: only the programs that run the
        // service link `CStart`.
        .target(name: "CProcessors"),
        .target(name: "CStart", dependencies: ["CProcessors"]),
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CXXHash", pkgConfig: "libxxhash", providers: [.apt(["libxxhash-dev"])]),
        .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),

        // The layers, in the order in which data flows.
        layer("Basics", []),
        layer("HTTPSemantics", ["Basics"]),
        layer("CurlTransport", ["Basics", "CCurl", deque]),
        layer("TableModel", ["Basics"]),
        layer("DynamoDBClient", ["Basics", "CurlTransport", "Digest", "TableModel", "CLinux", "CZlib"]),
        layer("TableCheck", ["Basics", "TableModel", "DynamoDBClient"], settings: memorySafe),
        layer("DynamoDBStream", ["Basics", "TableModel", "DynamoDBClient", heap], settings: memorySafe),
        layer("ReplicaStore", ["Basics", "TableModel", "CXXHash", deque]),
        layer("StateStore", ["Basics", "TableModel", "ReplicaStore", "CSQLite", "CXXHash"]),
        layer(
            "Replication",
            ["Basics", "TableModel", "DynamoDBClient", "DynamoDBStream", "ReplicaStore", "StateStore"]
        ),
        layer(
            "Following",
            ["Basics", "CurlTransport", "TableModel", "ReplicaStore", "Replication"]
        ),
        layer("HTTPServer", ["Basics", "HTTPSemantics", "CLinux", deque, heap]),
        layer("Compression", ["Basics", "CZlib"]),
        layer("Digest", ["Basics", "CCrypto"]),
        layer("ItemQuery", ["Basics", "TableModel"]),
        layer("Feed", ["Basics", "TableModel", "ItemQuery", "Compression", "ReplicaStore", "HTTPServer", deque]),
        layer("FeedClient", ["Basics", "CurlTransport", "TableModel"], settings: memorySafe),
        layer("Telemetry", ["Basics", logging, coreMetrics]),
        layer(
            "API",
            [
                "Basics", "HTTPSemantics", "TableModel", "DynamoDBStream", "ReplicaStore", "Replication", "HTTPServer",
                "Compression", "Digest", "ItemQuery", "Feed", "CXXHash", logging,
            ],
            resources: [.embedInCode("openapi.yaml")] + webFiles.map { .embedInCode("Web/\($0)") }
        ),
        layer(
            "Service",
            [
                "Basics", "HTTPSemantics", "TableModel", "DynamoDBClient", "DynamoDBStream", "Replication",
                "Following", "ReplicaStore", "StateStore", "HTTPServer", "Feed", "API", "Telemetry", "TableCheck",
                "CLinux", "CProcessors", logging, metrics, argumentParser,
            ]
        ),
        .executableTarget(
            name: "tablecast",
            dependencies: ["Basics", "API", "Service", "FeedClient", "TableCheck", "CStart", argumentParser],
            swiftSettings: strict
        ),

        // The sandbox's house. It uses layers above; of what stands there, only tests use it.
        layer(
            "DynamoSandbox",
            ["Basics", "TableModel", "HTTPServer", "Digest"],
            path: "Sandbox/Sources/DynamoSandbox",
            settings: memorySafe
        ),
        .executableTarget(
            name: "dynamo-sandbox",
            dependencies: ["DynamoSandbox", argumentParser],
            path: "Sandbox/Sources/dynamo-sandbox",
            swiftSettings: strict
        ),
        .executableTarget(
            name: "tablecast-demo",
            dependencies: ["TableModel", "HTTPServer", "API", "Service", "DynamoSandbox", "CStart", argumentParser],
            path: "Sandbox/Sources/tablecast-demo",
            swiftSettings: memorySafe
        ),

        // A table and its stream as a value, for the tests that move a clock.
        .target(
            name: "StreamModel",
            dependencies: ["Basics", "TableModel", "DynamoDBClient"],
            path: "Tests/StreamModel",
            swiftSettings: memorySafe
        ),
        // What tests of several targets do alike.
        .target(
            name: "TestTools",
            dependencies: ["Basics", "TableModel", "ReplicaStore"],
            path: "Tests/TestTools",
            swiftSettings: strict
        ),
        // The service's HTTP side over a store that a test fills.
        .target(
            name: "ServiceTools",
            dependencies: [
                "Basics", "TableModel", "ReplicaStore", "Replication", "HTTPSemantics", "HTTPServer", "Telemetry",
                "API", "Service",
                "TestTools",
            ],
            path: "Tests/ServiceTools",
            swiftSettings: strict
        ),
        // A directory that can become read-only or full.
        .target(name: "TestVolume", path: "Tests/TestVolume", swiftSettings: strict),
        // Whole lives of a table and its replica, from a seed each.
        .target(
            name: "Simulation",
            dependencies: [
                "Basics", "TableModel", "DynamoDBClient", "DynamoDBStream", "ReplicaStore", "StateStore", "Replication",
                "HTTPServer", "ItemQuery", "Feed", "TestTools",
            ],
            path: "Tests/Simulation",
            swiftSettings: strict
        ),
        // More of them than the suite has time for: `swift run -c release simulate 300000`.
        program("simulate", ["Simulation"], path: "Tests/Simulate"),

        // Bytes in and bytes out, for the drivers that hold a server against them.
        .target(
            name: "HTTPCases",
            dependencies: ["Basics", "CLinux", "TestTools"],
            path: "Tests/HTTPCases",
            exclude: ["Cases", "README.md"],
            swiftSettings: strict
        ),

        tests(of: "Basics", []),
        tests(of: "HTTPSemantics", []),
        tests(of: "TableModel", ["TestTools"]),
        tests(of: "CurlTransport", ["TestTools", "CCurl"]),
        tests(
            of: "DynamoDBClient",
            ["TestTools", "CurlTransport", "TableModel", "DynamoSandbox", "HTTPServer", "Digest"]
        ),
        tests(
            of: "DynamoDBStream",
            ["TestTools", "TableModel", "DynamoDBClient", "StreamModel", "DynamoSandbox", "HTTPServer"]
        ),
        tests(of: "TableCheck", ["TableModel", "DynamoDBClient"]),
        tests(of: "ReplicaStore", ["TestTools", "TableModel"]),
        tests(of: "StateStore", ["TestTools", "TableModel", "ReplicaStore", "CSQLite", "TestVolume"]),
        tests(
            of: "Replication",
            [
                "TestTools", "TableModel", "DynamoDBClient", "DynamoDBStream", "ReplicaStore", "StateStore",
                "StreamModel",
                "DynamoSandbox", "HTTPServer", "TestVolume",
            ]
        ),
        tests(of: "Simulation", []),
        tests(of: "HTTPServer", ["TestTools", "HTTPCases", "HTTPSemantics", "CLinux"]),
        tests(of: "Compression", ["CZlib"]),
        tests(of: "Digest", []),
        tests(of: "ItemQuery", ["TestTools", "TableModel"]),
        tests(of: "Feed", ["TestTools", "TableModel", "ItemQuery", "ReplicaStore", "HTTPServer", "CZlib"]),
        tests(of: "Following", ["CurlTransport", "TableModel", "ReplicaStore", "Replication", "TestTools"]),
        tests(of: "FeedClient", ["CurlTransport", "TableModel", "HTTPServer"]),
        tests(of: "Telemetry", [logging, metrics, coreMetrics]),
        tests(
            of: "API",
            [
                "TestTools", "ServiceTools", "HTTPSemantics", "TableModel", "DynamoDBClient", "Replication",
                "ReplicaStore", "StateStore", "HTTPServer", "Feed", "ItemQuery", "Compression", "Digest", "Telemetry",
                "Service", "HTTPCases", "CZlib", logging,
            ]
        ),
        tests(
            of: "Service",
            [
                "TestTools", "ServiceTools", "HTTPSemantics", "TableModel", "DynamoDBClient", "DynamoDBStream",
                "Replication", "ReplicaStore", "StateStore", "HTTPServer", "Feed", "API", "Telemetry", logging,
            ]
        ),
        .testTarget(
            name: "DynamoSandboxTests",
            dependencies: ["Basics", "TableModel", "HTTPServer", "DynamoSandbox", "TestTools"],
            path: "Sandbox/Tests/DynamoSandboxTests",
            swiftSettings: strict
        ),
        // The 25 situations and 15 failure stories, from the sandbox's endpoint to the service's.
        .testTarget(
            name: "SituationTests",
            dependencies: [
                "Basics", "TableModel", "DynamoDBClient", "DynamoDBStream", "ReplicaStore", "StateStore", "Replication",
                "HTTPServer",
                "Telemetry", "API", "Service", "DynamoSandbox", "TestTools",
            ],
            swiftSettings: strict
        ),
    ]
)

// The parsers under libFuzzer: one program without a main function, there only for `scripts/fuzz`, which sets the variable and builds
// with the sanitizer in a folder of its own.
if Context.environment["TABLECAST_FUZZ"] != nil {
    let parsers: [Target.Dependency] = [
        "Basics", "Digest", "HTTPSemantics", "TableModel", "DynamoDBClient", "ReplicaStore", "StateStore", "HTTPServer",
        "ItemQuery",
        "Feed", "Replication",
        "API",
    ]
    package.targets.append(
        .executableTarget(
            name: "Fuzz",
            dependencies: parsers,
            path: "Tests/Fuzz",
            exclude: ["Corpora"],
            swiftSettings: strict
        )
    )
}

// The tests of what threads share and what is allocated by hand, for `scripts/test thread-sanitizer address-sanitizer`: a build of its
// own for each, so it has no more than it needs.
if let sanitizer = Context.environment["TABLECAST_SANITIZER"] {
    let tested: Set = [
        "Basics", "HTTPSemantics", "CurlTransport", "TableModel", "DynamoDBClient", "ReplicaStore", "StateStore",
        "HTTPServer", "Compression", "Digest", "ItemQuery", "Feed",
    ]
    let others: Set = [
        "DynamoDBStream", "TableCheck", "Replication", "Following", "Telemetry", "API", "Service", "ServiceTools",
        "StreamModel", "Simulation",
        "simulate",
        "tablecast",
        "dynamo-sandbox", "tablecast-demo",
    ]
    package.products = []
    package.targets.removeAll { target in
        target.isTest ? !tested.contains(String(target.name.dropLast("Tests".count))) : others.contains(target.name)
    }
    if sanitizer == "thread" {
        package.targets.append(.target(name: "MutexOrder", path: "Tests/ThreadSanitizer/MutexOrder"))
        for target in package.targets where target.isTest { target.dependencies.append("MutexOrder") }
    }
}
