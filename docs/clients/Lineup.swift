// First download by parts, changes, long poll: URLSession, CryptoKit and nothing else. iOS 15, macOS 12.
import CryptoKit
import Foundation

typealias Row = [String: Any]
struct Catalogue { var version: String; var categories: [Row]; var items: [String: [Row]] }
struct Failure: Error { let text: String }
let kinds = ["channel", "movie", "series"]

actor Lineup {
    let server: URL, api: String, folder: URL, view: String  // folder: parts are kept, a cut download goes on
    init(server: URL, provider: String, folder: URL, view: String = "lite") {
        (self.server, self.api, self.folder, self.view) = (server, "/api/providers/\(provider)", folder, view)
    }
    private func get(_ path: String, tries: Int = 0) async throws -> Data? {  // nil: 410, begin anew
        guard let url = URL(string: path, relativeTo: server) else { throw Failure(text: path) }
        let found = try? await URLSession.shared.data(from: url)
        let answer = found?.1 as? HTTPURLResponse, code = answer?.statusCode ?? 599
        if code == 410 { return nil }
        if code < 300 { return found?.0 }
        if tries == 8 || (code < 500 && code != 409 && code != 429) { throw Failure(text: "\(path): \(code)") }
        let asked = answer?.value(forHTTPHeaderField: "Retry-After").flatMap(Double.init)
        try await Task.sleep(nanoseconds: UInt64((asked ?? .random(in: 0...min(0.2 * pow(2, Double(tries)), 10))) * 1e9))
        return try await get(path, tries: tries + 1)
    }
    private func json(_ path: String) async throws -> Row? {
        try await get(path).flatMap { try JSONSerialization.jsonObject(with: $0) as? Row }
    }
    private func content(_ base: String, _ part: Row) async throws -> Data {
        let gzip = (part["encodings"] as? Row)?["gzip"] as? Row
        guard let name = gzip?["sha256"] as? String else { throw Failure(text: "part") }
        let file = folder.appendingPathComponent(name)
        for _ in 0..<5 {
            let kept = try? Data(contentsOf: file)
            guard let bytes = try await (kept != nil ? kept : get("\(base)/\(name)")) else { break }
            if SHA256.hash(data: bytes).map({ String(format: "%02x", $0) }).joined() == name {
                if kept == nil { try bytes.write(to: file, options: .atomic) }
                // A stored file is one gzip member with a head of 10 bytes and an end of 8; .zlib means what is between.
                return try (bytes.dropFirst(10).dropLast(8) as NSData).decompressed(using: .zlib) as Data
            }
            try? FileManager.default.removeItem(at: file)
        }
        throw Failure(text: "\(name) does not come as it should")
    }
    func download() async throws -> Catalogue {
        let manifest = try await json("\(api)/snapshot/manifest?view=\(view)") ?? [:]
        guard let version = manifest["version"] as? String, let base = manifest["blobBase"] as? String,
            let told = manifest["kinds"] as? [String: Row], let index = manifest["index"] as? Row
        else { throw Failure(text: "manifest") }
        var made = Catalogue(version: version, categories: [], items: [:])
        let inside = try JSONSerialization.jsonObject(with: await content(base, index)) as? Row
        made.categories = inside?["categories"] as? [Row] ?? []
        for kind in kinds {
            for part in told[kind]?["parts"] as? [Row] ?? [] {
                let lines = try await content(base, part).split(separator: 10)
                made.items[kind, default: []] += try lines.compactMap { try JSONSerialization.jsonObject(with: $0) as? Row }
            }
        }
        return made
    }
    func update(_ mine: Catalogue) async throws -> Catalogue {
        var upserts: [Row] = [], gone = Set<String>(), page: Row = [:]
        var next: String? = "\(api)/changes?since=\(mine.version)&view=\(view)"
        while let path = next {
            guard let found = try await json(path) else { return try await download() }
            (page, next) = (found, found["next"] as? String)
            upserts += page["upserts"] as? [Row] ?? []
            gone.formUnion(page["deletes"] as? [String] ?? [])
        }
        gone.formUnion(upserts.map { "\($0["kind"]!):\($0["id"]!)" })
        var made = mine  // `mine` is as it was until all of it is there
        for kind in kinds {
            made.items[kind] = (mine.items[kind] ?? []).filter { !gone.contains("\(kind):\($0["id"]!)") }
            let own = upserts.filter { $0["kind"] as? String == kind }
            for var row in own.sorted(by: { ($0["place"] as! Int) < ($1["place"] as! Int) }) {
                row["ordinal"] = nil
                made.items[kind]!.insert(row, at: row.removeValue(forKey: "place") as! Int - 1)
            }
        }
        made.categories.removeAll { gone.contains("category:\($0["id"]!)") }
        for var row in upserts where row["kind"] as? String == "category" {
            row["kind"] = row.removeValue(forKey: "itemKind")
            made.categories.append(row)
        }
        func order(_ row: Row) -> (Int, Int, String) {
            (kinds.firstIndex(of: row["kind"] as! String)!, row["position"] as! Int, row["id"] as! String)
        }
        made.categories.sort { order($0) < order($1) }
        made.version = page["to"] as? String ?? mine.version
        return made.items.values.map(\.count).reduce(0, +) == page["countAfter"] as? Int ? made : try await download()
    }
    func next(after mine: Catalogue) async throws -> Catalogue {
        while true {
            let head = try await json("\(api)/snapshot/head?after=\(mine.version)&wait=25") ?? [:]
            if head["version"] as? String == mine.version { continue }
            let spread = UInt64(head["spreadMs"] as? Int ?? 0) * 1_000_000
            try await Task.sleep(nanoseconds: .random(in: 0...spread))  // not all phones at once
            return try await update(mine)
        }
    }
}
