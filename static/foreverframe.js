/* Foreverframe's client: made of client/*.js, documented in docs/client.md. */
!function(A){var q,s,i,c,D,a,l,u,f,d,p,m,v,h,J,_,g;function y(e,n,t){e.addEventListener?e.addEventListener(n,t,!1
):e.attachEvent&&e.attachEvent("on"+n,t)}function b(e,n){for(var t=0;t<e.length;t++)n(e[t])}function w(e,n){for(
var t=0;e[t];)t++;return e[t]=n,t}function T(e){try{return A.JSON?A.JSON.parse(e):new Function("return "+e)()}catch(n){
return null}}function S(){return"hidden"!==q.visibilityState}function G(e){return e.protocol+"//"+e.host.replace(
/:(80|443)$/,"")}function V(){return A.XMLHttpRequest?new A.XMLHttpRequest:new A.ActiveXObject("Microsoft.XMLHTTP")}
function L(e,n,t,r){var o=V(),c=w(i,o);return o.open(e,n,!0),o.onreadystatechange=function(){4===o.readyState&&(i[c
]=null),r&&2<o.readyState&&r(o)},o.send(t),o}function z(e,n){try{L("POST",e,n)}catch(o){n=e,t=q.createElement("div"),
r="foreverframe"+String(Math.random()).substring(2),t.style.display="none",
t.innerHTML='<iframe name="'+r+'"></iframe><form method="post" target="'+r+'"></form>',q.body.appendChild(t),
t.lastChild.action=n,t.lastChild.submit(),setTimeout(function(){q.body.removeChild(t)},c)}var t,r}function t(e){
return e.replace(/[^.]*$/,"")}function K(e,n){return null!==e&&null!==n&&t(e)===t(n)&&e<=n}function M(e){
return e&&/^FF_/.test(e.code)?{type:"error",code:e.code,status:e.status,detail:e.detail,
reconnect:408===e.status||429===e.status||500<=e.status}:null}function E(){for(var e=l.pop();e;
)e.parentNode.removeChild(e),e=l.pop()}function O(){try{return A.localStorage||null}catch(e){return null}}function Q(e,n
){var t=O(),r=d[e];try{r=r||t&&t.getItem(f+e)}catch(o){}return 0<(t=r?r-(new Date).getTime():0)&&t<=n?t:0}function Y(e,n
){var t=O();d[e]=n&&(new Date).getTime()+n;try{n?t.setItem(f+e,String(d[e])):t.removeItem(f+e)}catch(r){}}function Z(e,o
){var n,c=String(Math.random()),t=!1,r=0,i=v-1,s=function(t,n){var r,o;function e(e){e.key===t&&e.newValue&&n(T(
e.newValue))}try{if(A.BroadcastChannel)return(r=new A.BroadcastChannel(t)).onmessage=function(e){n(e.data)},{
say:function(e){r.postMessage(e)},close:function(){r.close()}};if((o=A.localStorage).setItem(t,""),A.addEventListener
)return A.addEventListener("storage",e,!1),{say:function(e){try{o.setItem(t,A.JSON.stringify(e))}catch(n){}},
close:function(){A.removeEventListener("storage",e,!1)}}}catch(c){}return null}(e,function(e){s&&e.from!==c&&(
"hello"===e.kind?t&&a("beat"):"bye"===e.kind?i=v:t&&!function(e){return e.visible===S()?e.from<c:e.visible}(e)?a("beat"
):(t&&(t=!1,o.release()),i=S()&&!e.visible?v:0,o.follow(e)))});function a(e,n,t){var r={from:c,kind:e,visible:S(),
event:n,before:t};o.describe(r),s.say(r)}return s?(n=setInterval(function(){r++,t?r%m==0&&a("beat"):++i>(S()?v:h)&&(t=!0
,a("beat"),o.hold())},p),a("hello"),{isHolding:function(){return t},tell:function(e,n){t&&a("event",e,n)},
leave:function(){clearInterval(n),t&&a("bye"),s.close(),s=null}}):null}function ee(e,n){return 0<e?Number(e):n}
A.foreverframe||(q=A.document,s=A.location,i=[],c=1e4,a=[],l=[],(D={}).frame=function(e){var n,t=e.origin!==G(s),
r=t?q:function(){try{return u||((u=new A.ActiveXObject("htmlfile")).open(),u.write("<html><body></body></html>"),
u.close(),u.parentWindow.foreverframe=g),u.body?u:q}catch(e){return q}}(),o=r.createElement("iframe"),c=w(a,e),
i="push"+(c||"");g[i]=function(e){clearInterval(n),a[c]&&a[c].receive(e)},e.stop=function(){clearInterval(n),a[c]=null,
l[l.length]=o,setTimeout(E,0)},t?e.isSource=function(e){return e===o.contentWindow}:e.sign=function(){var e=o;try{
return A.addEventListener?e.contentWindow.document.documentElement.innerHTML.length:NaN}catch(n){return NaN}},
!t&&A.addEventListener&&(n=setInterval(function(){!function(e){try{return!e.contentWindow.document}catch(n){return 1}}(o
)||e.end()},250)),y(o,"load",function(){e.end(function(e){var n;try{
return n=e.contentWindow.document.getElementsByTagName("script"),T(/\{"type":"error".*\}/.exec(n[n.length-1].text)[0])
}catch(t){return null}}(o))}),o.style.display="none",o.src=e.url(t?"&origin="+encodeURIComponent(G(s)
):"&callback=parent.foreverframe."+i),r.body.appendChild(o)},y(A,"message",function(n){b(a,function(e){
e&&e.isSource&&e.isSource(n.source)&&n.origin===e.origin&&e.receive(T(n.data))})}),D.poll=function(t){var r,o=null;
function c(e){var n="&wait="+e+(o?"&stream="+encodeURIComponent(o):"");t.limit(1e3*e),r=L("GET",t.url(n),null,function(e
){var n;4===e.readyState&&(e=T(e.responseText),(n=e&&e.messages)?(e.stream!==o&&(o=e.stream,t.receive({type:"open",
stream:o,cursor:n.length?null:e.cursor,close:"streams/"+o+"/close"})),b(e.gaps,t.receive),b(n,t.receive),t.receive({
type:"cursor",cursor:e.cursor}),e.reason?t.receive({type:"close",reason:e.reason,reconnect:!e.stop,retryMs:0,
cursor:e.cursor}):t.isOnce&&!n.length?t.end():t.isLive()&&c(t.isOnce?0:25)):t.end(M(e)))})}t.isUnwatched=!0,
t.stop=function(){r.abort()},c(0)},D.ndjson=function(r){var o=0,e=L("GET",r.url(""),null,function(e){
var n=e.responseText,t=n.substring(o).split("\n");o=n.length-t.pop().length,r.signs=n.length,b(t,function(e){r.receive(
T(e))}),4===e.readyState?r.end(M(T(n))):1e6<o&&r.receive({type:"close",reason:"recycle",reconnect:!0})});
r.stop=function(){e.abort()}},D.sse=function(n){var t=new A.EventSource(n.url(""));b(["message","ff-open","ff-cursor",
"ff-gap","ff-close"],function(e){t.addEventListener(e,function(e){n.receive(T(e.data))})}),t.onerror=function(){n.end()}
,n.isUnwatched=!0,n.stop=function(){t.close()}},f="foreverframe.path ",d={},p=250,v=8,h=10,m=4,J=!(D.ws=function(n){
var e=new A.WebSocket(n.url("").replace(/^http/,"ws"));e.onmessage=function(e){n.receive(T(e.data))},e.onclose=function(
){n.end()},n.stop=function(){e.close()}}),_=[],g={open:function(o){n=(o.url||"")+"stream",t=q.createElement("div"),(
e=q.createElement("a")).href=n,A.addEventListener||(t.innerHTML='<a href="'+n.replace(/&/g,"&amp;").replace(/"/g,
"&quot;")+'"></a>',e=t.firstChild);var e,i,n,t=e,s=t.href,a=G(t),l=!o.transport||"auto"===o.transport,r=ee(o.retryMs,5e3
),u=ee(o.silentMs,4e4)/4,f=ee(o.frameAgainMs,6e5),d=null,p=null,m=0,v=0,h=null,g=f/16,c=null,y=!1,b={},w={
state:"connecting",cursor:null,stream:null,transport:null,close:function(){E()||"closing"===w.state||(!d||d.isOnce?I(
"client"):(k(p),z(h,""),M(2e3,function(){I("client")}),L("closing",{})))},ack:function(){d&&h&&null!==w.cursor&&z(
h.replace(/close$/,"ack"),'{"cursor":"'+w.cursor+'"}')}},T={begin:X,hide:function(){h&&(!function(e){var n;try{
A.navigator.sendBeacon&&A.navigator.sendBeacon(e,"")||((n=V()).open("POST",e,!1),n.send(""))}catch(t){}}(h),h=null);y=!0
,x()},show:function(){y&&(y=!1,"closing"===w.state?I("client"):X())}};function S(e,n,t){if(o[e])try{o[e](n,t)}catch(r){
setTimeout(function(){throw r},0)}}function L(e,n){S("onstate",w.state=e,b=n)}function M(e,n){clearTimeout(i),
i=setTimeout(n,e)}function E(){return"closed"===w.state||"refused"===w.state}function O(e,n,t){x(),function(e){var n;
for(n=0;n<_.length;n++)if(_[n]===e)return _.splice(n,1)}(T),L(e,n),S(t,n)}function I(e){O("closed",{type:"close",
reason:e,reconnect:!1,retryMs:0,cursor:w.cursor},"onclose")}function x(){clearTimeout(i),k(p),k(d),c&&(c.leave(),c=null)
}function k(e){e&&(clearTimeout(e.timer),e===p&&(p=null),e===d&&(d=null,w.stream=null),e.stop&&(e.stop(),e.stop=null),
e.isOnce)&&e.closeUrl&&z(e.closeUrl,"")}function C(e){e&&e===d&&h&&(z(h,""),h=null),k(e)}function U(t,e,n){var c={
transport:t,origin:a,isOnce:n,signs:0,looks:0,silentLooks:0,url:function(e){return s+(
n="?transport="+t+"&channels="+encodeURIComponent(String(o.channels)),null!==w.cursor?n+="&after="+encodeURIComponent(
w.cursor):o.after?n+="&after="+encodeURIComponent(o.after):o.last&&(n+="&last="+encodeURIComponent(o.last)),o.client&&(
n+="&client="+encodeURIComponent(o.client)),n)+e;var n},isLive:function(){return c===d||c===p},receive:function(e){var n
,t,r;c.signs++,e&&c.isLive()&&(r=c,"open"===(e=e).type?(t=e,(n=r)!==d&&C(d),p=null,m=0,(d=n).closeUrl=s.replace(
/stream$/,"")+t.close,h=n.isOnce?null:n.closeUrl,w.stream=n.isOnce?null:t.stream,
w.transport=n.isOnce?"shared":n.transport,P(t.cursor),clearTimeout(n.timer),clearTimeout(i),
n.isUnwatched?l&&!n.isOnce&&(Q(a,f)||Y(a,g),B()):function o(e){var n=e.sign?e.sign():e.signs;e.looks++;
e.silentLooks=n===e.lastSign?e.silentLooks+1:0;e.lastSign=n;16<e.looks&&(v=0,g=f/16);e.silentLooks<4?e.timer=setTimeout(
function(){o(e)},u):(v++,H(e,null,"silent"))}(n),"frame"===n.transport&&Y(a,0),L("open",t),S("onopen",t)
):"error"===e.type?H(r,e):r===d&&F(e))},end:function(e){c.isLive()&&H(c,e,c===d?"cut":"failed")},limit:function(e){
clearTimeout(c.timer),c.timer=setTimeout(function(){H(c,null,"silent")},e+u)}};k(p),(p=c).limit(0);try{D[t](c)}catch(r){
setTimeout(function(){c.end({type:"error",code:"FF_TRANSPORT_UNSUPPORTED",status:0,
detail:'This browser cannot use "'+t+'" ('+r.message+'): take "auto" instead',reconnect:!1})},0)}d||L("connecting",{
transport:t,reason:e||null})}function N(){l?Q(a,f)?U("poll","remembered"):U("frame"):U(o.transport)}function R(e,n){
var t=e;0<e||(t=Math.min(r*Math.pow(2,m),Math.max(r,3e4)),t=Math.round(t*(.75+Math.random()/2))),m++,M(t,N),L("lost",{
retryMs:t,reason:n})}function H(e,n,t){var r=e===d,o=l&&"frame"===e.transport;("silent"===t?C:k)(e),e.isOnce||(
"closing"===w.state?I("client"):d?(Y(a,g),B()):n?(e=n).reconnect?(R(0,e.code),S("onerror",e)):(W(e),O("refused",e,
"onerror")):o&&(!r||1<v)?(v=0,U("poll",t)):(r||Y(a,0),R(0,t)))}function B(){M(Q(a,f),function(){g=Math.min(2*g,f),U(
"frame","again")})}function P(e){return null!==e&&!K(e,w.cursor)&&(w.cursor=e,1)}function W(e,n){c&&c.tell(e,n)}
function F(e){var n=w.cursor;"message"===e.type?P(e.id)&&(W(e,n),S("onmessage",e)):"cursor"===e.type?P(e.cursor)&&W(e,n
):"gap"===e.type?(W(e,n),S("ongap",e)):"close"===e.type&&(e=e,n=d,h=null,"closing"===w.state?I(
e.reconnect?"client":e.reason):e.reconnect?"recycle"===e.reason?(d=null,U(n.transport,"recycle"),k(n)):(k(n),R(e.retryMs
,e.reason)):(W(e,w.cursor),O("closed",e,"onclose")))}function X(){(c=o.share?Z(["foreverframe",s,o.channels,o.client
].join(" "),{describe:function(e){e.state=w.state,e.detail=b,e.cursor=w.cursor},hold:N,release:$,follow:j}):c)||N()}
function $(){clearTimeout(i),k(p),C(d),w.transport="shared"}function j(e){var n=e.event;
!n||"close"!==n.type&&"error"!==n.type?(n&&K(e.before,w.cursor)&&F(n),E()||p||d||("open"!==e.state||K(e.cursor,w.cursor
)?e.state!==w.state&&/^(connecting|open|lost)$/.test(e.state)&&L(e.state,e.detail):U("poll","shared",!0))):O(
"close"===n.type?"closed":"refused",n,"close"===n.type?"onclose":"onerror")}if(l||D[o.transport])return n=T,_[_.length
]=n,J&&n.begin(),w;throw new Error('foreverframe: there is no transport "'+o.transport+'"')}},
"complete"===q.readyState?J=!0:y(A,"load",function(){setTimeout(function(){J=!0,b(_.slice(0),function(e){e.begin()})},50
)}),y(A,"onpagehide"in A?"pagehide":"unload",function(){b(_.slice(0),function(e){e.hide()}),E()}),y(A,"pageshow",
function(e){e.persisted&&b(_.slice(0),function(e){e.show()})}),A.foreverframe=g)}(window);
