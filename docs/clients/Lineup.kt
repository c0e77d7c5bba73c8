// First download by parts, changes, long poll: OkHttp and org.json. All of it blocks: call it on Dispatchers.IO.
import java.io.File
import java.io.IOException
import java.security.MessageDigest
import java.util.concurrent.TimeUnit
import java.util.zip.GZIPInputStream
import kotlin.random.Random
import okhttp3.*
import org.json.JSONArray
import org.json.JSONObject

val KINDS = listOf("channel", "movie", "series")
fun JSONArray.rows() = (0 until length()).map { getJSONObject(it) }
class Catalogue(val version: String, val categories: List<JSONObject>, val items: Map<String, List<JSONObject>>)

class Lineup(private val server: HttpUrl, provider: String, private val folder: File, private val view: String = "lite") {
    private val http = OkHttpClient.Builder().readTimeout(60, TimeUnit.SECONDS).build()
    private val api = "/api/providers/$provider"

    private fun get(path: String, tries: Int = 0): ByteArray? {  // null: 410, begin anew
        var wait = Random.nextLong(minOf(200L shl tries, 10_000L))
        try {
            http.newCall(Request.Builder().url(server.resolve(path)!!).build()).execute().use {
                if (it.code == 410) return null
                if (it.isSuccessful) return it.body!!.bytes()
                if (it.code < 500 && it.code != 409 && it.code != 429) throw IllegalStateException("$path: ${it.code}")
                wait = it.header("Retry-After")?.toLongOrNull()?.times(1000) ?: wait
            }
        } catch (lost: IOException) { if (tries == 8) throw lost }
        check(tries < 8) { "$path: no answer" }
        Thread.sleep(wait)
        return get(path, tries + 1)
    }
    private fun json(path: String) = get(path)?.let { JSONObject(String(it)) }
    private fun text(base: String, part: JSONObject): String {
        val name = part.getJSONObject("encodings").getJSONObject("gzip").getString("sha256")
        val file = File(folder, name)  // kept: a download that was cut goes on
        repeat(5) {
            val bytes = if (file.exists()) file.readBytes() else get("$base/$name")!!
            val sum = MessageDigest.getInstance("SHA-256").digest(bytes).joinToString("") { "%02x".format(it) }
            if (sum == name) { file.writeBytes(bytes); return GZIPInputStream(bytes.inputStream()).reader().readText() }
            file.delete()
        }
        throw IOException("$name does not come as it should")
    }
    fun download(): Catalogue {
        val manifest = json("$api/snapshot/manifest?view=$view") ?: throw IOException("no version")
        fun lines(part: JSONObject) = text(manifest.getString("blobBase"), part)
        val items = KINDS.associateWith { kind ->
            manifest.getJSONObject("kinds").getJSONObject(kind).getJSONArray("parts").rows()
                .flatMap { lines(it).lineSequence().filter(String::isNotEmpty).map(::JSONObject).toList() } }
        val categories = JSONObject(lines(manifest.getJSONObject("index"))).getJSONArray("categories").rows()
        return Catalogue(manifest.getString("version"), categories, items)
    }
    fun update(mine: Catalogue): Catalogue {
        val upserts = mutableListOf<JSONObject>(); val gone = mutableSetOf<String>(); var page: JSONObject
        var next: String? = "$api/changes?since=${mine.version}&view=$view"
        do {
            page = json(next!!) ?: return download()
            upserts += page.getJSONArray("upserts").rows()
            page.getJSONArray("deletes").let { all -> repeat(all.length()) { gone += all.getString(it) } }
            next = if (page.isNull("next")) null else page.getString("next")
        } while (next != null)
        upserts.forEach { gone += "${it["kind"]}:${it["id"]}" }
        fun kept(kind: String, rows: List<JSONObject>) = rows.filter { "$kind:${it["id"]}" !in gone }.toMutableList()
        val items = KINDS.associateWith { kind -> kept(kind, mine.items.getValue(kind)).also { rows ->
            for (row in upserts.filter { it["kind"] == kind }.sortedBy { it.getInt("place") }) {
                row.remove("ordinal")
                rows.add(row.remove("place") as Int - 1, row)
            } } }
        val categories = kept("category", mine.categories)
        upserts.filter { it["kind"] == "category" }.forEach { categories += it.put("kind", it.remove("itemKind")) }
        categories.sortWith(
            compareBy<JSONObject>({ KINDS.indexOf(it.getString("kind")) }, { it.getInt("position") }, { it.getString("id") }))
        if (items.values.sumOf { it.size } != page.getInt("countAfter")) return download()
        return Catalogue(page.getString("to"), categories, items)
    }
    fun watch(first: Catalogue) = generateSequence(first) { mine ->
        var head: JSONObject
        do head = json("$api/snapshot/head?after=${mine.version}&wait=25")!! while (head.getString("version") == mine.version)
        Thread.sleep(Random.nextLong(head.getLong("spreadMs") + 1))  // not all phones at once
        update(mine)
    }
}
