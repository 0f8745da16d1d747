import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.EmitStrategy;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.state.WindowStore;

/**
 * Final one-minute bars, exactly once. Prices and sizes are whole numbers of their last decimal, the state is 48 bytes.
 *
 * <p>The store keeps windows for 30 days: with the default, which is the window alone, finals are lost in a catch-up.
 */
public final class Bars {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int PRICE = 4;
  private static final int SIZE = 2;

  record Tick(String symbol, long ts, BigDecimal price, BigDecimal size) {}

  record Bar(long open, long high, long low, long close, long volume, long count) {
    static final Bar NONE = new Bar(0, Long.MIN_VALUE, Long.MAX_VALUE, 0, 0, 0);

    Bar with(Tick tick) {
      long price = tick.price().movePointRight(PRICE).longValueExact();
      long size = tick.size().movePointRight(SIZE).longValueExact();
      long first = count == 0 ? price : open;
      return new Bar(first, Math.max(high, price), Math.min(low, price), price, volume + size, count + 1);
    }

    byte[] packed() {
      ByteBuffer out = ByteBuffer.allocate(6 * Long.BYTES);
      return out.putLong(open).putLong(high).putLong(low).putLong(close).putLong(volume).putLong(count).array();
    }

    static Bar unpacked(byte[] data) {
      ByteBuffer in = ByteBuffer.wrap(data);
      return new Bar(in.getLong(), in.getLong(), in.getLong(), in.getLong(), in.getLong(), in.getLong());
    }
  }

  record Shown(
      String key, long start, String open, String high, String low, String close, String volume, long count) {
    static Shown of(String key, long start, Bar bar) {
      return new Shown(
          key, start, text(bar.open, PRICE), text(bar.high, PRICE), text(bar.low, PRICE), text(bar.close, PRICE),
          text(bar.volume, SIZE), bar.count);
    }

    private static String text(long number, int scale) {
      return BigDecimal.valueOf(number, scale).toPlainString();
    }
  }

  private static byte[] write(Object value) {
    try {
      return JSON.writeValueAsBytes(value);
    } catch (IOException error) {
      throw new UncheckedIOException(error);
    }
  }

  private static <T> Deserializer<T> reader(Class<T> type) {
    return (topic, data) -> {
      try {
        return data == null ? null : JSON.readValue(data, type);
      } catch (IOException error) {
        throw new UncheckedIOException(error);
      }
    };
  }

  private static <T> Serde<T> json(Class<T> type) {
    return Serdes.serdeFrom((topic, value) -> write(value), reader(type));
  }

  public static void main(String[] arguments) {
    Serde<Bar> packed =
        Serdes.serdeFrom((topic, bar) -> bar.packed(), (topic, data) -> data == null ? null : Bar.unpacked(data));
    Materialized<String, Bar, WindowStore<Bytes, byte[]>> store =
        Materialized.<String, Bar, WindowStore<Bytes, byte[]>>as("bars")
            .withKeySerde(Serdes.String())
            .withValueSerde(packed)
            .withRetention(Duration.ofDays(30));
    StreamsBuilder builder = new StreamsBuilder();
    builder.stream(
            System.getenv("INPUT"),
            Consumed.with(Serdes.String(), json(Tick.class))
                .withTimestampExtractor((record, before) -> ((Tick) record.value()).ts()))
        .groupByKey()
        .windowedBy(TimeWindows.ofSizeWithNoGrace(Duration.ofMinutes(1)))
        .emitStrategy(EmitStrategy.onWindowClose())
        .aggregate(() -> Bar.NONE, (key, tick, bar) -> bar.with(tick), store)
        .toStream((window, bar) -> window.key() + "@" + window.window().start())
        .map((key, bar) -> KeyValue.pair(key, shown(key, bar)))
        .to(System.getenv("OUTPUT"), Produced.with(Serdes.String(), json(Shown.class)));

    Properties settings = new Properties();
    settings.put(StreamsConfig.APPLICATION_ID_CONFIG, System.getenv("OUTPUT"));
    settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, System.getenv("BOOTSTRAP"));
    settings.put(StreamsConfig.STATE_DIR_CONFIG, System.getenv("STATE"));
    settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
    settings.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
    KafkaStreams streams = new KafkaStreams(builder.build(), settings);
    Runtime.getRuntime().addShutdownHook(new Thread(() -> streams.close(Duration.ofSeconds(10))));
    streams.start();
  }

  private static Shown shown(String key, Bar bar) {
    int at = key.lastIndexOf('@');
    return Shown.of(key.substring(0, at), Long.parseLong(key.substring(at + 1)), bar);
  }
}
